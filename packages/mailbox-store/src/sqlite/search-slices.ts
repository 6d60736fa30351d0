// The clock of one search: it works a few milliseconds, then lets the event loop serve the others, and looks whether
// anybody still wants the answer.

const sliceMs = 4

export class Slices {
  readonly #signal: AbortSignal | undefined
  #since = performance.now()

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
    signal?.throwIfAborted()
  }

  get due(): boolean {
    return performance.now() - this.#since > sliceMs
  }

  async turn(): Promise<void> {
    await new Promise(setImmediate)
    this.#signal?.throwIfAborted()
    this.#since = performance.now()
  }
}
