// A rest that somebody may end early, also before it begins: what rang while the last round was under way isn't slept over.

export class Rest {
  #isEnded = false
  #resume: (() => void) | undefined

  /** From here on an `end` counts for the next rest. */
  begin(): void {
    this.#isEnded = false
  }

  end(): void {
    this.#isEnded = true
    this.#resume?.()
  }

  async for(ms: number): Promise<void> {
    if (this.#isEnded) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#resume = resolve
      timer = setTimeout(resolve, ms)
    })
    clearTimeout(timer)
    this.#resume = undefined
  }
}
