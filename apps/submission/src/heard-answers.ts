// Which messages' 250 was heard. A client that sends the very same bytes again has either lost the 250, and means the same message, or
// heard it, and means another: a script that reports twice. Who says something after the 250 came has heard it. Kept in memory for
// as long as a message may be sent again; what isn't known is taken as lost (contract E5). docs/decisions/the-same-bytes-again.md.

import { createHash } from 'node:crypto'
import { resendWithinMs } from './resend-key.js'

interface Heard {
  readonly times: number
  readonly untilMs: number
}

export class HeardAnswers {
  readonly #heard = new Map<string, Heard>()
  readonly #messagesMax: number
  readonly #clock: () => number

  constructor({ messagesMax, clock }: { readonly messagesMax: number; readonly clock: () => number }) {
    this.#messagesMax = messagesMax
    this.#clock = clock
  }

  /** The key under which a message of these bytes is sent now: another one for each that was confirmed. */
  keyNow(key: Uint8Array): Uint8Array {
    const times = this.#timesOf(nameOf(key))
    return times === 0 ? key : createHash('sha256').update(key).update(`${times}`).digest()
  }

  note(key: Uint8Array): void {
    const name = nameOf(key)
    const times = this.#timesOf(name) + 1
    this.#heard.delete(name)
    this.#heard.set(name, { times, untilMs: this.#clock() + resendWithinMs })
    this.#forget()
  }

  #timesOf(name: string): number {
    const known = this.#heard.get(name)
    return known === undefined || known.untilMs <= this.#clock() ? 0 : known.times
  }

  /** They stand in the order in which they end. */
  #forget(): void {
    for (const [name, { untilMs }] of this.#heard) {
      if (untilMs > this.#clock() && this.#heard.size <= this.#messagesMax) return
      this.#heard.delete(name)
    }
  }
}

const nameOf = (key: Uint8Array): string => Buffer.from(key).toString('base64')
