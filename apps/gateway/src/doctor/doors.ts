// Which doors should be open, which are, and whether somebody answers there. A door that nobody has opened is told as not
// running, with why.

import { type Config, type Role, settings } from '@postern/config'
import { doctor as limits } from '../limits.js'
import type { Door, RunningGateway } from '../running.js'
import { broken, type Finding, ok, skipped, warning } from './finding.js'
import { reach } from './reach.js'

interface DoorKind {
  readonly door: Door
  readonly name: string
  /** Whose door it is; undefined: every gateway's. */
  readonly role: Role | undefined
  readonly setting: string
}

export const doorKinds: readonly DoorKind[] = [
  { door: 'imaps', name: 'IMAP', role: 'imap', setting: settings.imapsPort.name },
  { door: 'imap', name: 'IMAP with STARTTLS', role: 'imap', setting: settings.imapPort.name },
  { door: 'submissions', name: 'SMTP submission', role: 'submission', setting: settings.submissionsPort.name },
  {
    door: 'submission',
    name: 'SMTP submission with STARTTLS',
    role: 'submission',
    setting: settings.submissionPort.name,
  },
  { door: 'mx', name: 'SMTP from other servers', role: 'inbound', setting: settings.mxPort.name },
  { door: 'lmtp', name: 'LMTP', role: 'inbound', setting: settings.lmtpPort.name },
  { door: 'http', name: 'HTTP', role: undefined, setting: settings.httpPort.name },
]

export interface Place {
  readonly host: string
  readonly port: number
}

/** Where this machine reaches a door of a running gateway. */
export function placeOf(door: Door, gateways: readonly RunningGateway[]): Place | undefined {
  const gateway = gateways.find(({ ports }) => ports[door] !== undefined)
  if (gateway === undefined) return undefined
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
  return { host: everywhere[gateway.bind] ?? gateway.bind, port: gateway.ports[door] as number }
}

export async function checkDoors(config: Config, gateways: readonly RunningGateway[]): Promise<Finding[]> {
  if (gateways.length === 0)
    return [broken('gateway', 'No gateway runs on this data folder.', 'Start it: `postern start`.')]
  const running = gateways.map(({ pid, bind }) => `process ${pid} on ${bind}`).join(', ')
  const findings = await Promise.all(doorKinds.map((kind) => checkDoor(kind, { config, gateways })))
  return [ok('gateway', `Running: ${running}.`), ...findings.filter((each) => each !== undefined)]
}

async function checkDoor(
  { door, name, role, setting }: DoorKind,
  { config, gateways }: { config: Config; gateways: readonly RunningGateway[] },
): Promise<Finding | undefined> {
  const place = placeOf(door, gateways)
  if (place !== undefined) {
    const trouble = await reach(place, limits.reachTimeoutMs)
    const at = `${place.host} port ${place.port}`
    if (trouble === undefined) return ok(name, `Somebody answers on ${at}.`)
    return broken(
      name,
      `Nobody answers on ${at} (${trouble}).`,
      `Look at the gateway's log, at ${setting}, and at the firewall.`,
    )
  }
  if (door === 'imap' && config.imapPort === undefined) return undefined
  if (role !== undefined && !config.roles.includes(role))
    return skipped(name, 'Not running: POSTERN_ROLES leaves it out.')
  return warning(name, 'Not running, though POSTERN_ROLES asks for it.', `Restart the gateway with the role ${role}.`)
}
