// The rest of a command that was refused: its line to the end, and the literals that the client sends without waiting, which must
// not be taken for commands (RFC 7888 §4). Nothing of it is kept but the last few octets, which may announce a literal.
import { literalMark, markBytesMax } from './literal-mark.js'

const LF = 0x0a
const CR = 0x0d
const empty: Uint8Array = new Uint8Array(0)

export class DroppedCommand {
  /** `endless`: there's more to come than anybody will read. */
  state: 'line' | 'literal' | 'ended' | 'endless' = 'line'
  #budget: number
  #literalLeft = 0
  #tail = empty

  constructor(bytesMax: number) {
    this.#budget = bytesMax
  }

  /** Drops what it can of the chunk, and says where it stopped. */
  read(chunk: Uint8Array, at: number): number {
    if (this.state === 'literal') {
      const end = Math.min(chunk.length, at + this.#literalLeft)
      this.#literalLeft -= end - at
      if (this.#literalLeft === 0) this.state = 'line'
      return end
    }
    const end = chunk.indexOf(LF, at)
    this.addToLine(chunk.subarray(at, end < 0 ? undefined : end))
    if (end < 0) return chunk.length
    this.endLine()
    return end + 1
  }

  literal(size: number): void {
    this.#spend(size)
    this.#literalLeft = size
    this.#tail = empty
    if (this.state !== 'endless') this.state = size > 0 ? 'literal' : 'line'
  }

  addToLine(bytes: Uint8Array): void {
    this.#spend(bytes.length)
    this.#tail = lastBytes(this.#tail, bytes)
  }

  endLine(): void {
    if (this.state === 'endless') return
    const mark = literalMark(withoutCr(this.#tail))
    // A client that waits for a continuation has read the refusal by then.
    if (mark === undefined || mark.synchronising) this.state = 'ended'
    else this.literal(mark.size)
  }

  #spend(bytes: number): void {
    this.#budget -= bytes
    if (this.#budget < 0) this.state = 'endless'
  }
}

export function withoutCr(line: Uint8Array): Uint8Array {
  return line.length > 0 && line[line.length - 1] === CR ? line.subarray(0, -1) : line
}

/** Copies: the tail outlives the bytes that it came in. */
function lastBytes(before: Uint8Array, more: Uint8Array): Uint8Array {
  if (more.length >= markBytesMax) return more.slice(-markBytesMax)
  const both = new Uint8Array(before.length + more.length)
  both.set(before)
  both.set(more, before.length)
  return both.subarray(-markBytesMax)
}
