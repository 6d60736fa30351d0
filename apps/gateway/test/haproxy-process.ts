// Debian's HAProxy with config/haproxy.cfg, as an operator has it but for addresses and ports, in front of gateways of a test.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { newFolder } from './gateway-process.js'
import { freePort } from './redis-process.js'

/** What a process has its doors on; fixed, since HAProxy knows them before the process is there. */
export interface DoorPorts {
  readonly imaps: number
  readonly submissions: number
  readonly submission: number
  readonly mx: number
  readonly http: number
}

export async function doorPorts(): Promise<DoorPorts> {
  const [imaps, submissions, submission, mx, http] = await Promise.all(Array.from({ length: 5 }, () => freePort()))
  return { imaps, submissions, submission, mx, http } as DoorPorts
}

export const doorSettings = ({ imaps, submissions, submission, mx, http }: DoorPorts): Record<string, string> => ({
  POSTERN_IMAPS_PORT: `${imaps}`,
  POSTERN_SUBMISSIONS_PORT: `${submissions}`,
  POSTERN_SUBMISSION_PORT: `${submission}`,
  POSTERN_MX_PORT: `${mx}`,
  POSTERN_HTTP_PORT: `${http}`,
  POSTERN_PROXY_NETWORKS: '127.0.0.1/32',
})

/** The ports of HAProxy's own doors. */
export type Front = Omit<DoorPorts, 'http'>

/** In the order of the file: `server one`, `server two`. */
export async function startHaproxy(behind: readonly [DoorPorts, DoorPorts]): Promise<Front> {
  const front = await doorPorts()
  const file = join(newFolder(), 'haproxy.cfg')
  writeFileSync(file, configFor(front, behind))
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  onTestFinished(() => ended(child))
  await Promise.race([once(child, 'spawn'), once(child, 'error').then(([error]) => Promise.reject(error))])
  child.once('exit', (code) => {
    if (code) console.error(said)
  })
  return front
}

function configFor(front: Front, [one, two]: readonly [DoorPorts, DoorPorts]): string {
  const own = readFileSync(new URL('../../../config/haproxy.cfg', import.meta.url), 'utf8')
  let section: keyof Front | undefined
  const lines = own.split('\n').map((line) => {
    const listen = /^listen (\w+)/.exec(line)?.[1]
    if (listen !== undefined) section = listen as keyof Front
    if (section === undefined) return line
    return line
      .replace(/bind :\d+/, `bind 127.0.0.1:${front[section]}`)
      .replace(
        /server one 10\.0\.0\.11:\d+ check port \d+/,
        `server one 127.0.0.1:${one[section]} check port ${one.http}`,
      )
      .replace(
        /server two 10\.0\.0\.12:\d+ check port \d+/,
        `server two 127.0.0.1:${two[section]} check port ${two.http}`,
      )
  })
  return lines.join('\n')
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
