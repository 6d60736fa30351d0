// A server of one's own in front of this one: it has asked everything already, and what it has taken it can't give back.

import type { ArrivalRecipient, Outcome } from '../arrival.js'
import type { FullInboxes } from './full-inboxes.js'
import type { Guest } from './guard.js'

export class Trusted implements Guest {
  readonly #full: FullInboxes

  constructor(full: FullInboxes) {
    this.#full = full
  }

  async comes(): Promise<undefined> {}

  async sends(): Promise<void> {}

  asks<Answer>(find: () => Promise<Answer>): Promise<Answer> {
    return find()
  }

  mayWriteTo(recipient: ArrivalRecipient, sender: string): Promise<void> {
    return this.#full.check(recipient, sender)
  }

  hadNoRoom(outcomes: readonly Outcome[], sender: string): Promise<void> {
    return this.#full.note(outcomes, sender)
  }
}
