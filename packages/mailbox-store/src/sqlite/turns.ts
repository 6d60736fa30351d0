// Leaves the write lock to other processes now and then. Who waits for it looks every few milliseconds (writer.ts), and would hardly
// ever find it free while one process takes it again and again without waiting for a flush, as a flood of flag changes does. So
// after a while of its own a process leaves it alone for long enough that whoever looks gets in.

export interface TurnLimits {
  /** So long a process has the lock, group after group, when others have lately written too. */
  readonly sharedMs: number
  /** And when nobody else has: somebody may have come to write for the first time. */
  readonly aloneMs: number
  /** So long it's left alone then; more than it takes those who wait to look again. */
  readonly gapMs: number
  /** Others count as there for so long after they have written. */
  readonly rememberMs: number
}

export class Turns {
  readonly #limits: TurnLimits
  readonly #now: () => number
  #heldMs = 0
  #endedAt = Number.NEGATIVE_INFINITY
  #othersAt = Number.NEGATIVE_INFINITY

  constructor(limits: TurnLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
  }

  /** Others have written since the last group here: they had their turn. */
  othersWrote(): void {
    this.#othersAt = this.#now()
    this.#heldMs = 0
  }

  /** A group is over that began then. */
  ended(beganAt: number): void {
    if (beganAt - this.#endedAt >= this.#limits.gapMs) this.#heldMs = 0
    this.#endedAt = this.#now()
    this.#heldMs += this.#endedAt - beganAt
  }

  /** How long the next group has to wait. */
  pauseMs(): number {
    const { sharedMs, aloneMs, gapMs, rememberMs } = this.#limits
    const now = this.#now()
    const turnMs = now - this.#othersAt < rememberMs ? sharedMs : aloneMs
    return this.#heldMs < turnMs ? 0 : Math.max(0, gapMs - (now - this.#endedAt))
  }
}
