// Ways out that nobody could be reached by lately, or that let nobody in: a thousand messages to a host that is down don't each wait
// for it, and a wrong password isn't tried a thousand times. A way is a destination with the route to it: one sender's wrong password
// says nothing of another sender's right one at the same host.

import type { Sent } from './transport.js'
import type { WayOut } from './ways.js'

const waysMax = 10_000

export interface To {
  /** A lane's key. */
  readonly destination: string
  readonly route: WayOut
}

export class Unreachable {
  readonly #until = new Map<string, { readonly at: number; readonly text: string }>()
  readonly #forMs: number

  constructor(forMs: number) {
    this.#forMs = forMs
  }

  note(to: To, answers: readonly Sent[], now: number): void {
    const [answer] = answers
    const way = keyOf(to)
    this.#until.delete(way)
    if (answer === undefined || !answers.every(isOfNobody)) return
    this.#until.set(way, { at: now + this.#forMs, text: answer.text })
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= waysMax) break
      this.#until.delete(oldest)
    }
  }

  /** What was said last, if that's not long ago. */
  textOf(to: To, now: number): string | undefined {
    const known = this.#until.get(keyOf(to))
    return known !== undefined && known.at > now ? known.text : undefined
  }
}

/**
 * Nobody said a word, or what was said is about the whole session: that the server closes now (421), or a refusal of it, since a refused
 * recipient would have failed, unless by 552, which may mean too many recipients (RFC 5321 §4.5.3.1.10).
 */
function isOfNobody({ kind, code, remote }: Sent): boolean {
  if (kind !== 'deferred') return false
  return code === undefined ? remote === undefined : code === '421' || (code.startsWith('5') && code !== '552')
}

const keyOf = ({ destination, route }: To): string => `${destination} ${JSON.stringify(route)}`
