// One stream read by two readers at the pace of the slower one, each behind a beginning of its own: the text that's sent and the text
// that's kept in Sent, which differ in their headers only. A piece is held until both have it; where one reader gives up, the
// other one fails, so that there's never one text without the other.

export interface TwoTexts {
  readonly first: AsyncIterable<Uint8Array>
  readonly second: AsyncIterable<Uint8Array>
}

type Piece = Uint8Array | undefined

/** Says nothing of its own: why is what the other reader says. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp'
}

export function twoTexts(
  next: () => Promise<Piece>,
  { first, second }: { first: Uint8Array; second: Uint8Array },
): TwoTexts {
  const shared = new SharedPieces(next)
  return { first: shared.behind(first, 0), second: shared.behind(second, 1) }
}

class SharedPieces {
  readonly #next: () => Promise<Piece>
  /** The piece at `position`, asked for by whoever comes there first. */
  #piece: Promise<Piece> | undefined
  #position = 0
  readonly #taken: [number, number] = [0, 0]
  #gaveUp = false
  #wake: (() => void) | undefined

  constructor(next: () => Promise<Piece>) {
    this.#next = next
  }

  async *behind(beginning: Uint8Array, reader: 0 | 1): AsyncGenerator<Uint8Array> {
    let whole = false
    try {
      yield beginning
      for (let piece = await this.#take(reader); piece !== undefined; piece = await this.#take(reader)) yield piece
      whole = true
    } finally {
      if (!whole) this.#giveUp()
    }
  }

  async #take(reader: 0 | 1): Promise<Piece> {
    if (this.#taken[reader] > this.#position && !this.#gaveUp)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    if (this.#gaveUp) throw new GivenUp('The other text of this message was given up.')
    this.#piece ??= this.#next()
    const piece = this.#piece
    this.#taken[reader] = this.#position + 1
    if (this.#taken[0] === this.#taken[1]) {
      this.#piece = undefined
      this.#position++
      this.#wake?.()
      this.#wake = undefined
    }
    return piece
  }

  #giveUp(): void {
    this.#gaveUp = true
    this.#wake?.()
    this.#wake = undefined
  }
}
