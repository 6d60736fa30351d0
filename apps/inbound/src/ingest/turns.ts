// One after the other for each name: two posts of one message at the same time shall not both be the first. Between processes the
// store's own commit decides (once.ts of the store).

export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  /** Resolves when those before it are done; returns how to let the next one go. */
  async take(name: string): Promise<() => void> {
    const before = this.#last.get(name)
    let done = (): void => undefined
    const own = new Promise<void>((resolve) => {
      done = resolve
    })
    this.#last.set(name, own)
    await before
    return () => {
      if (this.#last.get(name) === own) this.#last.delete(name)
      done()
    }
  }
}
