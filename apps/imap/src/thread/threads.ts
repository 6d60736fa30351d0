// What a threading algorithm takes and gives, and how an answer is written. Nothing here recurses: a thread may be as deep
// as its messages are many. RFC 5256 §4:
//
//   thread-list    = "(" (thread-members / thread-nested) ")"
//   thread-members = nz-number *(SP nz-number) [SP thread-nested]
//   thread-nested  = 2*thread-list
//
// An answer is one line, whatever its length: the grammar has no way to part it. Its bytes leave in pieces, as the client
// takes them.

import { putDigits } from '@postern/imap-wire'
import type { Threading } from '@postern/mailbox-store'

/** Nodes below `length` are messages; those above are dummies, which stand only at the top and have two children or more. */
export interface Threads {
  readonly length: number
  /** In order. */
  readonly tops: Int32Array
  readonly firstChild: Int32Array
  readonly nextSibling: Int32Array
}

/** Messages are numbered by their places in the columns. */
export type ThreadAlgorithm = (messages: Threading) => Threads

/** Messages by date; those of one date stay in the order of their numbers (RFC 5256 §2.2). */
export function byDate({ dates, dateCount }: Threading): Uint32Array {
  const starts = new Uint32Array(dateCount + 1)
  for (let i = 0; i < dates.length; i++) {
    const next = (dates[i] as number) + 1
    starts[next] = (starts[next] as number) + 1
  }
  for (let rank = 1; rank <= dateCount; rank++) starts[rank] = (starts[rank] as number) + (starts[rank - 1] as number)
  const order = new Uint32Array(dates.length)
  for (let i = 0; i < dates.length; i++) {
    const rank = dates[i] as number
    const place = starts[rank] as number
    starts[rank] = place + 1
    order[place] = i
  }
  return order
}

/** Siblings stand by date, and a dummy where its first child would. `parents` of messages alone: −1 at the top, or a node. */
export function arranged(parents: Int32Array, order: Uint32Array, nodes: number): Threads {
  const { length } = order
  const firstChild = new Int32Array(nodes).fill(-1)
  const lastChild = new Int32Array(nodes).fill(-1)
  const nextSibling = new Int32Array(nodes).fill(-1)
  const tops = new Int32Array(length)
  let count = 0
  for (let i = 0; i < length; i++) {
    const message = order[i] as number
    const parent = parents[message] as number
    if (parent < 0) {
      tops[count++] = message
      continue
    }
    if (parent >= length && firstChild[parent] === -1) tops[count++] = parent
    const last = lastChild[parent] as number
    if (last < 0) firstChild[parent] = message
    else nextSibling[last] = message
    lastChild[parent] = message
  }
  return { length, tops: tops.subarray(0, count), firstChild, nextSibling }
}

const open = 0x28
const close = 0x29
const space = 0x20
/** A number, and the sign behind it. */
const memberBytesMax = 11
const pieceBytes = 32_768

/** The thread-lists, in pieces. `numbers` are those that the client knows the messages by. */
export function* threadLists(threads: Threads, numbers: ArrayLike<number>): Generator<Uint8Array> {
  const piece = new Piece()
  for (const top of threads.tops) {
    writeThread(piece, threads, { top, numbers })
    if (piece.length >= pieceBytes) yield piece.take()
  }
  yield piece.take()
}

/** Stands in the list of nodes that are left for a bracket that is to be closed. */
const closing = -1

function writeThread(
  piece: Piece,
  { length, firstChild, nextSibling }: Threads,
  { top, numbers }: { top: number; numbers: ArrayLike<number> },
): void {
  const left = [top]
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (node === closing) {
      piece.put(close)
      continue
    }
    piece.put(open)
    if (node < length) piece.number(numbers[node] as number)
    let child = firstChild[node] as number
    while (child >= 0 && (nextSibling[child] as number) < 0) {
      piece.put(space)
      piece.number(numbers[child] as number)
      child = firstChild[child] as number
    }
    if (child < 0) {
      piece.put(close)
      continue
    }
    if (node < length) piece.put(space)
    left.push(closing)
    const from = left.length
    for (; child >= 0; child = nextSibling[child] as number) left.push(child)
    reverse(left, from)
  }
}

class Piece {
  #bytes = new Uint8Array(pieceBytes + 1_024)
  length = 0

  put(byte: number): void {
    if (this.length === this.#bytes.length) this.#grow()
    this.#bytes[this.length++] = byte
  }

  number(value: number): void {
    if (this.length + memberBytesMax > this.#bytes.length) this.#grow()
    this.length = putDigits(this.#bytes, this.length, value)
  }

  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.length)
    this.length = 0
    return taken
  }

  /** One thread may be longer than any piece. */
  #grow(): void {
    const wider = new Uint8Array(2 * this.#bytes.length)
    wider.set(this.#bytes)
    this.#bytes = wider
  }
}

function reverse(list: number[], from: number): void {
  for (let i = from, j = list.length - 1; i < j; i++, j--) {
    const kept = list[i] as number
    list[i] = list[j] as number
    list[j] = kept
  }
}
