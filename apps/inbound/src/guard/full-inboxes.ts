// Inboxes that turned out to be full when a message was there: the same sender hears it at RCPT for a while, so that the message's other
// recipients get it (docs/decisions/one-answer-for-all.md).

import { createHash } from 'node:crypto'
import { type Counters, counterKeys } from '@postern/events'
import { SmtpError } from '@postern/smtp'
import type { ArrivalRecipient, Outcome } from '../arrival.js'

export interface FullInboxesOptions {
  readonly counters: Counters
  readonly clock: () => number
  readonly noRoomMs: number
}

export class FullInboxes {
  readonly #options: FullInboxesOptions

  constructor(options: FullInboxesOptions) {
    this.#options = options
  }

  async note(outcomes: readonly Outcome[], sender: string): Promise<void> {
    for (const { account } of outcomes) if (account !== undefined) await this.#count(account, { sender, by: 1 })
  }

  async check({ inbox, address }: ArrivalRecipient, sender: string): Promise<void> {
    // Without a quota it can't be full.
    if ('toMake' in inbox || (inbox.quotaBytes === undefined && inbox.quotaMessages === undefined)) return
    if ((await this.#count(inbox.id, { sender, by: 0 })) > 0)
      throw new SmtpError(`452 4.2.2 The inbox ${address} had no room for your message`)
  }

  #count(account: number, { sender, by }: { readonly sender: string; readonly by: number }): Promise<number> {
    const { counters, clock, noRoomMs } = this.#options
    const key = counterKeys.hadNoRoom(account, createHash('sha256').update(sender).digest('base64url'))
    return counters.add(key, { windowMs: noRoomMs, nowMs: clock(), by })
  }
}
