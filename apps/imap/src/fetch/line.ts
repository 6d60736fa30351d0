// The line of one message: `* 5 FETCH (…)`, with what is the same in every line in one piece between two values. A FETCH of FLAGS is
// a hundred thousand of these, so that values that stand in the targets' columns are written from there. RFC 9051 §7.5.2.

import { BrokenAnswer } from '../broken-answer.js'
import { ClientGone } from '../input.js'
import type { Out } from '../out.js'
import type { Targets } from '../targets.js'
import type { FetchedMessage } from './fetched-message.js'
import { bytesOf, type FetchItem, type WriteValue } from './item.js'

const opening = bytesOf((w) => w.raw(' FETCH ('))
const closing = bytesOf((w) => w.raw(')').crlf())

/** All of one shape, whatever the items are: what is read a million times should be found without a look. */
interface Value {
  /** What stands before it. */
  readonly lead: Uint8Array
  readonly numbers: Uint32Array | undefined
  readonly text: ((number: number) => Uint8Array) | undefined
  readonly write: WriteValue | undefined
}

export class Line {
  readonly #out: Out
  readonly #message: FetchedMessage
  readonly #numbers: Uint32Array
  readonly #values: readonly Value[]

  constructor(message: FetchedMessage, targets: Targets, items: readonly FetchItem[]) {
    this.#out = message.session.out
    this.#message = message
    this.#numbers = targets.numbers
    this.#values = items.map(({ name, column, text, write }, i) => ({
      lead: i === 0 ? joined(opening, name.subarray(1)) : name,
      numbers: column === undefined ? undefined : targets[column],
      text,
      write,
    }))
  }

  /** Of the target at this place; where it's more than numbers, the message has gone there before. */
  write(at: number): Promise<void> | undefined {
    this.#out.untagged().number(this.#numbers[at] as number)
    return this.#writeFrom(0, at)
  }

  #writeFrom(first: number, at: number): Promise<void> | undefined {
    const out = this.#out
    const values = this.#values
    try {
      for (let i = first; i < values.length; i++) {
        const { lead, numbers, text, write } = values[i] as Value
        out.bytes(lead)
        if (numbers === undefined) {
          const later = write?.(this.#message, out)
          if (later !== undefined) return this.#goOn(later as Promise<void>, i + 1, at)
        } else if (text === undefined) out.number(numbers[at] as number)
        else out.bytes(text(numbers[at] as number))
      }
      out.bytes(closing)
      return undefined
    } catch (error) {
      throw new BrokenAnswer('within a FETCH', { cause: error })
    }
  }

  async #goOn(later: Promise<void>, next: number, at: number): Promise<void> {
    try {
      await later
    } catch (error) {
      if (error instanceof ClientGone) throw error
      throw new BrokenAnswer('within a FETCH', { cause: error })
    }
    await this.#writeFrom(next, at)
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
}
