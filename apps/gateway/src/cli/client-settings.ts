// What a mail client needs to be told to reach an inbox (contract G1): the host name, and the ports of the gateway that runs
// on this folder, or else those of the settings.

import type { Config } from '@postern/config'
import type { Inbox } from '@postern/mailbox-store'
import { type Ports, runningGateways } from '../running.js'
import type { OpenStore } from './existing-store.js'

export type ClientSettings = ReturnType<typeof clientSettings>

export interface ClientPorts {
  readonly ports: Ports
  /** Undefined where no gateway runs that would know. */
  readonly open: Ports | undefined
}

export async function clientPorts({ folder, config }: OpenStore): Promise<ClientPorts> {
  const gateways = await runningGateways(folder.running)
  const open: Ports = Object.assign({}, ...gateways.reverse().map(({ ports }) => ports))
  return { ports: { ...configuredPorts(config), ...open }, open: gateways.length > 0 ? open : undefined }
}

/** Without those that are any free one. */
const configuredPorts = (config: Config): Ports =>
  Object.fromEntries(
    Object.entries({
      imaps: config.imapsPort,
      submissions: config.submissionsPort,
      submission: config.submissionPort,
    }).filter(([, port]) => port !== 0),
  )

/** The API's own object. `smtp_port` begins in clear and turns to TLS, `smtp_port_tls` has it from the start. */
export const clientSettings = (
  { publicId, address }: Inbox,
  { hostname, ports, password }: { hostname: string; ports: Ports; password: string },
) => ({
  id: publicId,
  address,
  imap_host: hostname,
  imap_port: ports.imaps ?? null,
  imap_username: address,
  imap_password: password,
  smtp_host: hostname,
  smtp_port: ports.submission ?? null,
  smtp_port_tls: ports.submissions ?? null,
})
