// One client of the doors for other mail servers: its transaction, and how often it has named recipients who aren't here. What it says is
// obeyed command by command, by SMTP's set or by LMTP's. RFC 5321, RFC 2033.

import { type CommandSet, Conversation, obey, type Reply, type Wire } from '@postern/smtp'
import type { Metrics } from '@postern/telemetry'
import type { Guest } from '../guard/guard.js'
import type { DoorContext } from './context.js'
import type { Transaction } from './transaction.js'

export interface SessionOptions {
  readonly via: 'smtp' | 'lmtp'
  readonly context: DoorContext
  readonly heard: CommandSet<Session>
}

export class Session extends Conversation {
  readonly via: 'smtp' | 'lmtp'
  readonly context: DoorContext
  readonly guest: Guest
  transaction: Transaction | undefined
  #hasSaidHello = false
  readonly #heard: CommandSet<Session>

  constructor(wire: Wire, { via, context, heard }: SessionOptions) {
    const { inbound, limits, guard } = context
    const { logger, metrics, clock } = inbound
    const { sessionMsMax, endGraceMs } = limits
    super(wire, { protocol: via, logger, meters: metersOf(metrics), sessionMsMax, endGraceMs, clock })
    this.via = via
    this.context = context
    this.#heard = heard
    this.guest = guard.guest(wire.incoming.remoteAddress, { until: wire.closed })
  }

  protected override async greeting(): Promise<Reply> {
    const { hostname } = this.context.inbound
    return (await this.guest.comes()) ?? `220 ${hostname} ${this.via === 'lmtp' ? 'LMTP' : 'ESMTP'} Postern`
  }

  protected override obey(line: Buffer): Promise<void> {
    return obey<Session, never>(this, { line, set: this.#heard })
  }

  greeted(name: string, { extended }: { readonly extended: boolean }): void {
    this.hello = { name, extended }
    this.transaction = undefined
    if (!this.#hasSaidHello) this.measures.opened()
    this.#hasSaidHello = true
  }

  protected override left(): { readonly address?: string } {
    return {}
  }
}

const metersOf = (metrics: Metrics) => ({
  sessionsOpen: metrics.inboundSessionsOpen,
  commands: metrics.inboundCommands,
  commandSeconds: metrics.inboundCommandSeconds,
  messageBytes: metrics.inboundMessageBytes,
  bytes: metrics.inboundBytes,
})
