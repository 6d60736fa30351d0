/**
 * What is kept of refused logins: each with its true cause and its correlation id, for the log and the audit, until a network
 * or all of them together have had their share of the minute; the rest is counted and told in one note when the minute is
 * over. A flood of guesses costs a bounded number of lines.
 */
import { networkOf } from './client-network.js'
import type { Records } from './directory-facts.js'
import type { Refused } from './gate.js'

export interface RefusalNotesOptions<R extends Records> {
  readonly write: (refused: Refused<R>) => void
  /** So many more were refused within the minute, from so many networks. */
  readonly writeRest: (rest: { readonly refused: number; readonly networks: number }) => void
  readonly clock: () => number
}

export const notesPerNetworkAndMinuteMax = 20
export const notesPerMinuteMax = 600
const minuteMs = 60_000

export class RefusalNotes<R extends Records = Records> {
  readonly #options: RefusalNotesOptions<R>
  #minute = -1
  #written = 0
  #left = 0
  #leftFrom = new Set<string>()
  #byNetwork = new Map<string, number>()

  constructor(options: RefusalNotesOptions<R>) {
    this.#options = options
  }

  note(refused: Refused<R>): void {
    this.tick()
    const network = networkOf(refused.question.address)
    const before = this.#byNetwork.get(network) ?? 0
    if (before >= notesPerNetworkAndMinuteMax || this.#written >= notesPerMinuteMax) {
      this.#left++
      if (this.#leftFrom.size < notesPerMinuteMax) this.#leftFrom.add(network)
      return
    }
    this.#byNetwork.set(network, before + 1)
    this.#written++
    this.#options.write(refused)
  }

  /** To be called now and then, so that the last minute of a flood is told when the flood has ended. */
  tick(): void {
    const minute = Math.floor(this.#options.clock() / minuteMs)
    if (minute === this.#minute) return
    this.#minute = minute
    if (this.#left > 0) this.#options.writeRest({ refused: this.#left, networks: this.#leftFrom.size })
    this.#written = 0
    this.#left = 0
    this.#leftFrom = new Set()
    this.#byNetwork = new Map()
  }
}
