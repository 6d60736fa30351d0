// THREAD=REFERENCES. RFC 5256 §3, whose six steps are named below. Nodes are numbers: the messages first, then a dummy for
// each Message-ID that is referred to and not there, then those that gather a subject. Time is near linear in messages and
// references, whatever these say.

import { Forest } from './forest.js'
import { arranged, byDate, type Threadable, type Threading, type Threads } from './threads.js'

/** Of Message-IDs, a bound on memory: those beyond are passed over. */
const idsMax = 4_000_000

export const references: Threading = (messages) => {
  const order = byDate(messages)
  const { parents, nodes } = pruned(linked(messages), messages.length)
  const gathered = gatherSubjects(messages, arranged(parents, order, nodes), parents)
  return arranged(parents, order, gathered) // (6)
}

/** Step 1. Parents of messages and dummies. */
function linked(messages: Threadable): Int32Array {
  const nodes = nodesOf(messages)
  const forest = new Forest(nodes.count)
  for (let message = 0; message < messages.length; message++) {
    const from = nodes.starts[message] as number
    const to = nodes.starts[message + 1] as number
    // (A) Each reference is the parent of the next, where that one has none yet.
    for (let i = from + 1; i < to; i++) {
      const child = nodes.refs[i] as number
      if ((forest.parent[child] as number) < 0) forest.link(child, nodes.refs[i - 1] as number)
    }
    // (B) The last is the parent of the message, whatever others said.
    const parent = to > from ? (nodes.refs[to - 1] as number) : -1
    if (forest.parent[message] === parent) continue
    forest.cut(message)
    if (parent >= 0) forest.link(message, parent)
  }
  return forest.parent
}

interface Nodes {
  readonly count: number
  /** The nodes that each message refers to, one message behind the other. */
  readonly refs: Int32Array
  readonly starts: Uint32Array
}

/** The first message with a Message-ID has it; another with the same, or one without, is referred to by nobody. */
function nodesOf({ length, refs }: Threadable): Nodes {
  const byId = new Map<number, number>()
  let total = 0
  for (let message = 0; message < length; message++) {
    const ids = refs[message] as Float64Array
    const own = ids[0] ?? 0
    if (own !== 0 && !byId.has(own) && byId.size < idsMax) byId.set(own, message)
    total += Math.max(0, ids.length - 1)
  }
  const found = new Int32Array(total)
  const starts = new Uint32Array(length + 1)
  let count = length
  let at = 0
  for (let message = 0; message < length; message++) {
    const ids = refs[message] as Float64Array
    for (let i = 1; i < ids.length; i++) {
      const id = ids[i] as number
      let node = byId.get(id)
      if (node === undefined) {
        if (byId.size >= idsMax) continue
        node = count++
        byId.set(id, node)
      }
      found[at++] = node
    }
    starts[message + 1] = at
  }
  return { count, refs: found, starts }
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
    let at = message
    let answer: number = unknown
    while (answer === unknown) {
      const parent = links[at] as number
      chain.push(at)
      // What hangs below a dummy on top belongs to that one; a message on top belongs to nothing.
      if (parent < 0) answer = at >= length ? at : -1
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
function gatherSubjects({ length, subjects, isReply }: Threadable, threads: Threads, parents: Int32Array): number {
  const { tops, firstChild, nextSibling } = threads
  const isDummy = (node: number): boolean => node >= length
  const subjectOf = (top: number): string => subjects[isDummy(top) ? (firstChild[top] as number) : top] as string
  const table = new Map<string, number>()
  for (const top of tops) {
    const subject = subjectOf(top)
    if (subject === '') continue
    const held = table.get(subject)
    if (held === undefined) table.set(subject, top)
    else if (!isDummy(held) && (isDummy(top) || (isReply[held] === true && isReply[top] !== true)))
      table.set(subject, top)
  }
  let nodes = firstChild.length
  for (const top of tops) {
    const subject = subjectOf(top)
    const held = table.get(subject)
    if (subject === '' || held === undefined || held === top) continue
    if (isDummy(top))
      for (let child = firstChild[top] as number; child >= 0; child = nextSibling[child] as number)
        parents[child] = held
    else if (isDummy(held) || (isReply[top] === true && isReply[held] !== true)) parents[top] = held
    else {
      const dummy = nodes++
      parents[top] = dummy
      parents[held] = dummy
      table.set(subject, dummy)
    }
  }
  return nodes
}
