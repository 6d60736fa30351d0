// Destinations that nobody could reach lately: a thousand messages to a host that is down don't each wait for it.

import type { Sent } from './transport.js'

const destinationsMax = 10_000

export class Unreachable {
  readonly #until = new Map<string, { readonly at: number; readonly text: string }>()
  readonly #forMs: number

  constructor(forMs: number) {
    this.#forMs = forMs
  }

  /** Nobody was reached where all are deferred and no server said a word. */
  note(lane: string, answers: readonly Sent[], now: number): void {
    const [answer] = answers
    const isUnreached = answers.every(
      ({ kind, code, remote }) => kind === 'deferred' && code === undefined && remote === undefined,
    )
    this.#until.delete(lane)
    if (answer === undefined || !isUnreached) return
    this.#until.set(lane, { at: now + this.#forMs, text: answer.text })
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= destinationsMax) break
      this.#until.delete(oldest)
    }
  }

  /** What was said last, if that's not long ago. */
  textOf(lane: string, now: number): string | undefined {
    const known = this.#until.get(lane)
    return known !== undefined && known.at > now ? known.text : undefined
  }
}
