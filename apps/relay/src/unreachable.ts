// Destinations that nobody could reach lately, or that let nobody in: a thousand messages to a host that is down don't each wait
// for it, and a wrong password isn't tried a thousand times.

import type { Sent } from './transport.js'

const destinationsMax = 10_000

export class Unreachable {
  readonly #until = new Map<string, { readonly at: number; readonly text: string }>()
  readonly #forMs: number

  constructor(forMs: number) {
    this.#forMs = forMs
  }

  note(lane: string, answers: readonly Sent[], now: number): void {
    const [answer] = answers
    this.#until.delete(lane)
    if (answer === undefined || !answers.every(isOfNobody)) return
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

/**
 * Nobody said a word, or what was said is about the whole session: that the server closes now (421), or a refusal of it, since a refused
 * recipient would have failed.
 */
function isOfNobody({ kind, code, remote }: Sent): boolean {
  if (kind !== 'deferred') return false
  return code === undefined ? remote === undefined : code === '421' || code.startsWith('5')
}
