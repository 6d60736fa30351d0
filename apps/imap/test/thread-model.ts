// REFERENCES as RFC 5256 §3 tells it, step by step on objects, without a thought for time: what the real one is held to.

import type { Threading } from '@postern/mailbox-store'

/** Messages in the order of their numbers, as one would write them down. */
export interface Threadable {
  readonly length: number
  readonly dates: readonly number[]
  readonly subjects: readonly string[]
  readonly isReply: readonly boolean[]
  /** The own Message-ID, 0 where there's none, then the references, oldest first. */
  readonly refs: readonly (readonly number[])[]
}

/** The same as the store hands it out: ranks, and numbers for texts. */
export function columnsOf({ length, dates, subjects, isReply, refs }: Threadable): Threading {
  const ranks = [...new Set(dates)].sort((a, b) => a - b)
  const texts = ['', ...new Set(subjects.filter((subject) => subject !== ''))]
  const starts = [0]
  for (const own of refs) starts.push((starts.at(-1) as number) + Math.max(0, own.length - 1))
  return {
    dates: Uint32Array.from(dates, rankIn(ranks)),
    dateCount: ranks.length,
    subjects: Uint32Array.from(subjects, rankIn(texts)),
    subjectCount: texts.length,
    isReply: Uint8Array.from(isReply, Number),
    own: Uint32Array.from({ length }, (_, i) => refs[i]?.[0] ?? 0),
    idCount: refs.flat().reduce((most, id) => Math.max(most, id), 0),
    starts: Uint32Array.from(starts),
    refs: Uint32Array.from(refs.flatMap((own) => own.slice(1))),
  }
}

function rankIn<T>(values: readonly T[]): (value: T) => number {
  const ranks = new Map(values.map((value, rank) => [value, rank]))
  return (value) => ranks.get(value) as number
}

interface Node {
  readonly message: number | undefined
  parent: Node | undefined
  children: Node[]
}

export function plainReferences(messages: Threadable): string {
  const tops = gather(messages, sorted(messages, prune(link(messages))))
  return sortAll(messages, tops)
    .map((top) => `(${text(top)})`)
    .join('')
}

const node = (message: number | undefined): Node => ({ message, parent: undefined, children: [] })

function detach(child: Node): void {
  if (child.parent !== undefined) child.parent.children = child.parent.children.filter((one) => one !== child)
  child.parent = undefined
}

function attach(child: Node, parent: Node): void {
  for (let at: Node | undefined = parent; at !== undefined; at = at.parent) if (at === child) return
  child.parent = parent
  parent.children.push(child)
}

/** Step 1 and 2. */
function link({ length, refs }: Threadable): Node[] {
  const all = Array.from({ length }, (_, message) => node(message))
  const byId = new Map<number, Node>()
  all.forEach((one, i) => {
    const id = refs[i]?.[0] ?? 0
    if (id !== 0 && !byId.has(id)) byId.set(id, one)
  })
  all.slice().forEach((one, i) => {
    const chain = Array.from(refs[i] ?? [])
      .slice(1)
      .map((id) => {
        const known = byId.get(id) ?? node(undefined)
        if (!byId.has(id)) all.push(known)
        byId.set(id, known)
        return known
      })
    chain.forEach((child, k) => {
      const parent = chain[k - 1]
      if (parent !== undefined && child.parent === undefined) attach(child, parent)
    })
    detach(one)
    const last = chain.at(-1)
    if (last !== undefined) attach(one, last)
  })
  return all.filter(({ parent }) => parent === undefined)
}

/** Step 3. */
function prune(roots: readonly Node[]): Node[] {
  const below = (one: Node): void => {
    one.children = one.children.flatMap((child) => {
      below(child)
      return child.message === undefined ? child.children : [child]
    })
  }
  return roots.flatMap((root) => {
    below(root)
    if (root.message !== undefined || root.children.length > 1) return [root]
    return root.children
  })
}

const first = (one: Node): number => one.message ?? (one.children[0]?.message as number)

function order({ dates }: Threadable): (a: Node, b: Node) => number {
  return (a, b) => (dates[first(a)] as number) - (dates[first(b)] as number) || first(a) - first(b)
}

/** Step 4. */
function sorted(messages: Threadable, roots: Node[]): Node[] {
  for (const root of roots) if (root.message === undefined) root.children.sort(order(messages))
  return roots.sort(order(messages))
}

/** Step 5. */
function gather({ subjects, isReply }: Threadable, roots: readonly Node[]): Node[] {
  const subject = (one: Node): string => subjects[first(one)] as string
  const replies = (one: Node): boolean => one.message !== undefined && isReply[one.message] === true
  const table = new Map<string, Node>()
  for (const root of roots) {
    const held = table.get(subject(root))
    if (subject(root) === '') continue
    if (held === undefined) table.set(subject(root), root)
    else if (held.message !== undefined && (root.message === undefined || (replies(held) && !replies(root))))
      table.set(subject(root), root)
  }
  let tops = [...roots]
  for (const root of roots) {
    const key = subject(root)
    const held = table.get(key)
    if (key === '' || held === undefined || held === root) continue
    tops = tops.filter((one) => one !== root)
    if (held.message === undefined && root.message === undefined) held.children.push(...root.children)
    else if (held.message === undefined || (replies(root) && !replies(held))) held.children.push(root)
    else {
      const dummy = node(undefined)
      dummy.children = [root, held]
      tops = [...tops.filter((one) => one !== held), dummy]
      table.set(key, dummy)
    }
  }
  return tops
}

/** Step 6. */
function sortAll(messages: Threadable, siblings: Node[]): Node[] {
  for (const one of siblings) sortAll(messages, one.children)
  return siblings.sort(order(messages))
}

function text({ message, children }: Node): string {
  const own = message === undefined ? [] : [String(message + 1)]
  if (children.length === 1) return [...own, text(children[0] as Node)].join(' ')
  return [...own, children.map((child) => `(${text(child)})`).join('')].filter((part) => part !== '').join(' ')
}
