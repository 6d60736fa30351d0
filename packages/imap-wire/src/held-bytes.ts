// Bytes that wait for the rest of their line or literal. The room grows with what has come, not with what was announced: a client
// that promises a megabyte and sends nothing costs nothing.

const empty: Uint8Array = new Uint8Array(0)
const roomMin = 64

export class HeldBytes {
  #bytes = empty
  #length = 0

  get length(): number {
    return this.#length
  }

  /** A view: good until the next `push`. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  push(more: Uint8Array): void {
    const length = this.#length + more.length
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(roomMin, length, 2 * this.#bytes.length))
      grown.set(this.bytes)
      this.#bytes = grown
    }
    this.#bytes.set(more, this.#length)
    this.#length = length
  }

  /** What was held now belongs to the caller. */
  take(): Uint8Array {
    const bytes = this.bytes
    this.#bytes = empty
    this.#length = 0
    return bytes
  }
}
