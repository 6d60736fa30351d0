// What a threading algorithm takes and gives, and how an answer is written. Nothing here recurses: a thread may be as deep
// as its messages are many. RFC 5256 §4:
//
//   thread-list    = "(" (thread-members / thread-nested) ")"
//   thread-members = nz-number *(SP nz-number) [SP thread-nested]
//   thread-nested  = 2*thread-list

import type { Writer } from '@postern/imap-wire'

/** Messages in the order of their numbers. */
export interface Threadable {
  readonly length: number
  /** Milliseconds: the sent date, or the internal one where there's none (RFC 5256 §2.2). */
  readonly dates: Float64Array
  /** Base subjects, folded: equal ones are the same text. */
  readonly subjects: readonly string[]
  /** The subject says that it's a reply or was forwarded. */
  readonly isReply: readonly boolean[]
  /** Hashes: the own Message-ID's, 0 where there's none, then the references', oldest first. */
  readonly refs: readonly Float64Array[]
}

/** Nodes below `length` are messages; those above are dummies, which stand only at the top and have two children or more. */
export interface Threads {
  readonly length: number
  readonly tops: readonly number[]
  readonly firstChild: Int32Array
  readonly nextSibling: Int32Array
}

export type Threading = (messages: Threadable) => Threads

/** Messages by date; those of one date stay in the order of their numbers (RFC 5256 §2.2). */
export function byDate({ length, dates }: Threadable): Uint32Array {
  const order = new Uint32Array(length)
  let isSorted = true
  for (let i = 0; i < length; i++) {
    order[i] = i
    if (i > 0 && (dates[i] as number) < (dates[i - 1] as number)) isSorted = false
  }
  return isSorted ? order : order.sort((a, b) => (dates[a] as number) - (dates[b] as number) || a - b)
}

/** Siblings stand by date, and a dummy where its first child would. `parents` of messages alone: −1 at the top, or a node. */
export function arranged(parents: Int32Array, order: Uint32Array, nodes: number): Threads {
  const { length } = order
  const firstChild = new Int32Array(nodes).fill(-1)
  const lastChild = new Int32Array(nodes).fill(-1)
  const nextSibling = new Int32Array(nodes).fill(-1)
  const tops: number[] = []
  for (const message of order) {
    const parent = parents[message] as number
    if (parent < 0) {
      tops.push(message)
      continue
    }
    if (parent >= length && firstChild[parent] === -1) tops.push(parent)
    const last = lastChild[parent] as number
    if (last < 0) firstChild[parent] = message
    else nextSibling[last] = message
    lastChild[parent] = message
  }
  return { length, tops, firstChild, nextSibling }
}

const close = -1

/** `numbers` are those that the client knows the messages by. */
export function writeThreads(
  w: Writer,
  { length, tops, firstChild, nextSibling }: Threads,
  numbers: ArrayLike<number>,
) {
  for (const top of tops) {
    const left = [top]
    for (let node = left.pop(); node !== undefined; node = left.pop()) {
      if (node === close) {
        w.raw(')')
        continue
      }
      w.raw('(')
      if (node < length) w.number(numbers[node] as number)
      let child = firstChild[node] as number
      while (child >= 0 && (nextSibling[child] as number) < 0) {
        w.sp().number(numbers[child] as number)
        child = firstChild[child] as number
      }
      if (child >= 0 && node < length) w.sp()
      left.push(close)
      const from = left.length
      for (; child >= 0; child = nextSibling[child] as number) left.push(child)
      reverse(left, from)
    }
  }
}

function reverse(list: number[], from: number): void {
  for (let i = from, j = list.length - 1; i < j; i++, j--) {
    const kept = list[i] as number
    list[i] = list[j] as number
    list[j] = kept
  }
}
