// THREAD=REFERENCES. RFC 5256 §3, whose six steps are named below. Nodes are numbers: the messages first, then a dummy for
// each Message-ID that is referred to and not there, then those that gather a subject. Time is near linear in messages and
// references, whatever these say.

import type { Threading } from '@postern/mailbox-store'
import { Forest } from './forest.js'
import { arranged, byDate, type ThreadAlgorithm, type Threads } from './threads.js'

export const references: ThreadAlgorithm = (messages) => {
  const order = byDate(messages)
  const { parents, nodes } = pruned(linked(messages), order.length)
  const gathered = gatherSubjects(messages, arranged(parents, order, nodes), parents)
  return arranged(parents, order, gathered) // (6)
}

/** Step 1. Parents of messages and dummies. */
function linked(messages: Threading): Int32Array {
  const { starts } = messages
  const { count, refs } = nodesOf(messages)
  const length = starts.length - 1
  // Who refers to nobody and is referred to by nobody needs no forest.
  if (refs.length === 0) return new Int32Array(length).fill(-1)
  const forest = new Forest(count)
  for (let message = 0; message < length; message++) {
    const from = starts[message] as number
    const to = starts[message + 1] as number
    // (A) Each reference is the parent of the next, where that one has none yet.
    for (let i = from + 1; i < to; i++) {
      const child = refs[i] as number
      if ((forest.parent[child] as number) < 0) forest.link(child, refs[i - 1] as number)
    }
    // (B) The last is the parent of the message, whatever others said.
    const parent = to > from ? (refs[to - 1] as number) : -1
    if (forest.parent[message] === parent) continue
    forest.cut(message)
    if (parent >= 0) forest.link(message, parent)
  }
  return forest.parent
}

interface Nodes {
  readonly count: number
  /** Beside the messages' references the nodes that they mean. */
  readonly refs: Int32Array
}

/** The first message with a Message-ID has it; another with the same, or one without, is referred to by nobody. */
function nodesOf({ own, idCount, starts, refs }: Threading): Nodes {
  const length = own.length
  const byId = new Int32Array(idCount + 1).fill(-1)
  for (let message = 0; message < length; message++) {
    const id = own[message] as number
    if (id !== 0 && byId[id] === -1) byId[id] = message
  }
  const found = new Int32Array(starts[length] as number)
  let count = length
  for (let i = 0; i < found.length; i++) {
    const id = refs[i] as number
    if (byId[id] === -1) byId[id] = count++
    found[i] = byId[id] as number
  }
  return { count, refs: found }
}

/**
 * Steps 2 and 3. A message's parent is the nearest message above it, or else the dummy on top; a dummy on top with a
 * single child gives way to it. The dummies that are left are numbered anew, behind the messages.
 */
function pruned(links: Int32Array, length: number): { parents: Int32Array; nodes: number } {
  const above = nearest(links, length)
  const children = new Uint32Array(links.length)
  for (let message = 0; message < length; message++) {
    const parent = above[message] as number
    if (parent >= length) children[parent] = (children[parent] as number) + 1
  }
  const numbers = new Map<number, number>()
  const parents = new Int32Array(length)
  for (let message = 0; message < length; message++) {
    const parent = above[message] as number
    if (parent < length) parents[message] = parent
    else if (children[parent] === 1) parents[message] = -1
    else {
      const number = numbers.get(parent) ?? length + numbers.size
      numbers.set(parent, number)
      parents[message] = number
    }
  }
  return { parents, nodes: length + numbers.size }
}

/** For every node the nearest message above, else the topmost dummy, else −1; each chain of dummies is walked once. */
function nearest(links: Int32Array, length: number): Int32Array {
  const found = new Int32Array(links.length).fill(unknown)
  const chain: number[] = []
  for (let message = 0; message < length; message++) {
    const direct = links[message] as number
    // Below a message, or on top.
    if (direct < length) {
      found[message] = direct
      continue
    }
    let at = message
    let answer: number = unknown
    while (answer === unknown) {
      const parent = links[at] as number
      chain.push(at)
      // What hangs below a dummy on top belongs to that one.
      if (parent < 0) answer = at
      else if (parent < length) answer = parent
      else if (found[parent] !== unknown) answer = found[parent] as number
      else at = parent
    }
    for (const node of chain) found[node] = answer
    chain.length = 0
  }
  return found
}

const unknown = -2

/** Steps 4 and 5: threads of one subject become one. `parents` is changed; how many nodes there are then comes back. */
function gatherSubjects(
  { subjects, subjectCount, isReply }: Threading,
  { length, tops, firstChild, nextSibling }: Threads,
  parents: Int32Array,
): number {
  const isDummy = (node: number): boolean => node >= length
  const subjectOf = (top: number): number => subjects[isDummy(top) ? (firstChild[top] as number) : top] as number
  const table = new Int32Array(subjectCount).fill(-1)
  for (const top of tops) {
    const subject = subjectOf(top)
    if (subject === 0) continue
    const held = table[subject] as number
    if (held < 0) table[subject] = top
    else if (!isDummy(held) && (isDummy(top) || (isReply[held] === 1 && isReply[top] !== 1))) table[subject] = top
  }
  let nodes = firstChild.length
  for (const top of tops) {
    const subject = subjectOf(top)
    const held = table[subject] as number
    if (subject === 0 || held === top) continue
    if (isDummy(top))
      for (let child = firstChild[top] as number; child >= 0; child = nextSibling[child] as number)
        parents[child] = held
    else if (isDummy(held) || (isReply[top] === 1 && isReply[held] !== 1)) parents[top] = held
    else {
      const dummy = nodes++
      parents[top] = dummy
      parents[held] = dummy
      table[subject] = dummy
    }
  }
  return nodes
}
