// When a worker that died is started again: at once after it has lived for a while; later and later when it dies young; and when
// that goes on, no more, because whatever it is won't go away by itself.

export interface RestartLimits {
  /** Who dies before that dies young. */
  readonly youngMs: number
  readonly delayMs: number
  readonly delayMsMax: number
  /** So many that die young, one after the other, are the end. */
  readonly youngDeathsMax: number
}

export class Restarts {
  readonly #limits: RestartLimits
  #youngDeaths = 0

  constructor(limits: RestartLimits) {
    this.#limits = limits
  }

  /** How long to wait for the next one; undefined says that there shall be none. */
  after(livedMs: number): number | undefined {
    const { youngMs, delayMs, delayMsMax, youngDeathsMax } = this.#limits
    this.#youngDeaths = livedMs < youngMs ? this.#youngDeaths + 1 : 0
    if (this.#youngDeaths >= youngDeathsMax) return undefined
    return Math.min(delayMsMax, delayMs * 2 ** Math.max(0, this.#youngDeaths - 1))
  }
}
