/**
 * Who is in, and goes when what let him in is gone (contract B4): a credential revoked, disabled, expired or narrowed, an inbox
 * or a domain taken away. It's told the public id of whatever changed in the directory, asks the gate again for those whom it
 * concerns, and ends the sessions that wouldn't be let in now.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Records } from './directory-facts.js'
import type { Admitted, Gate } from './gate.js'
import type { Cause } from './verdict.js'

export interface LiveAdmissionsOptions<R extends Records> {
  readonly gate: Pick<Gate<R>, 'askAgain'>
  readonly onError: (error: unknown) => void
  readonly clock: () => number
}

/** A domain may have thousands of sessions: the others are served in between. */
const askedAtOnce = 50

/** Ends the session. It's told why, which is for its log alone. */
export type End = (cause: Cause) => void

interface Live<R extends Records> {
  readonly admitted: Admitted<R>
  readonly end: End
  expiresAt: number | undefined
}

export class LiveAdmissions<R extends Records = Records> {
  readonly #options: LiveAdmissionsOptions<R>
  readonly #live = new Set<Live<R>>()
  readonly #by = new Map<string, Set<Live<R>>>()
  #changes = 0

  constructor(options: LiveAdmissionsOptions<R>) {
    this.#options = options
  }

  get size(): number {
    return this.#live.size
  }

  /** To be taken before the gate is asked, and given to `enter`: what changes in between is not missed. */
  mark(): number {
    return this.#changes
  }

  /** Returns how to leave. */
  enter(admitted: Admitted<R>, { since, end }: { since: number; end: End }): () => void {
    const live: Live<R> = { admitted, end, expiresAt: admitted.expiresAt }
    this.#live.add(live)
    for (const id of idsOf(admitted)) {
      const others = this.#by.get(id) ?? new Set()
      this.#by.set(id, others.add(live))
    }
    if (since !== this.#changes) void this.#askAgain(live)
    return () => this.#leave(live)
  }

  /** Something changed in a credential, an inbox or a domain. */
  async changed(publicId: string): Promise<void> {
    this.#changes++
    let asked = 0
    for (const live of [...(this.#by.get(publicId) ?? [])]) {
      await this.#askAgain(live)
      if (++asked % askedAtOnce === 0) await nextTurn()
    }
  }

  /** Ends what has expired. */
  tick(): void {
    const now = this.#options.clock()
    for (const live of this.#live) {
      const { expiresAt } = live
      if (expiresAt !== undefined && expiresAt <= now) void this.#askAgain(live)
    }
  }

  async #askAgain(live: Live<R>): Promise<void> {
    try {
      const answer = await this.#options.gate.askAgain(live.admitted)
      if (!this.#live.has(live)) return
      if ('cause' in answer) {
        this.#leave(live)
        live.end(answer.cause)
      } else live.expiresAt = answer.expiresAt
    } catch (error) {
      this.#options.onError(error)
    }
  }

  #leave(live: Live<R>): void {
    this.#live.delete(live)
    for (const id of idsOf(live.admitted)) {
      const others = this.#by.get(id)
      others?.delete(live)
      if (others?.size === 0) this.#by.delete(id)
    }
  }
}

function idsOf({ credential, place }: Admitted): string[] {
  return [credential?.publicId, place?.inbox?.publicId, place?.domain.publicId].filter((id) => id !== undefined)
}
