// The settings of ports that were any free one, as the workers have them: where all workers have died at once, and nobody holds
// the ports any more, the next ones open the same.

import { type Config, settings } from '@postern/config'
import type { Door, Ports } from '../running.js'

const fields = {
  imaps: 'imapsPort',
  imap: 'imapPort',
  submissions: 'submissionsPort',
  submission: 'submissionPort',
  mx: 'mxPort',
  lmtp: 'lmtpPort',
  http: 'httpPort',
} as const satisfies Record<Door, keyof Config>

export function portSettings(ports: Ports, config: Config): Record<string, string> {
  const given = Object.entries(ports) as [Door, number | undefined][]
  const free = given.filter(([door, port]) => port !== undefined && config[fields[door]] === 0)
  return Object.fromEntries(free.map(([door, port]) => [settings[fields[door]].name, String(port)]))
}
