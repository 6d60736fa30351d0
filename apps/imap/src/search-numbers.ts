// From the uids that a search found to the numbers by which the client knows the messages. A search finds thousands, so that
// this is one walk along the mailbox's uids and not a look-up each.

import type { View } from './view.js'

/** Uids that lie no further apart than this have a table of their numbers. */
const tableSpreadMax = 4
/** Where so few of a mailbox are found, each is looked up sooner than all are passed. */
const walkedShare = 32

/** Without those that came since the client was last told of new messages. */
export function told(view: View, uids: Uint32Array): Uint32Array {
  const { toldUid } = view
  return view.index.lastUid <= toldUid ? uids : uids.filter((uid) => uid <= toldUid)
}

/** `inOrder`: they ascend. */
export function numbersOf(view: View, uids: Uint32Array, { inOrder }: { inOrder: boolean }): Uint32Array {
  const { entries } = view.index
  if (uids.length * walkedShare < entries.length) return uids.map((uid) => view.numberOf(uid))
  return inOrder ? walked(view, uids) : lookedUp(view, uids)
}

function walked(view: View, uids: Uint32Array): Uint32Array {
  const { uids: there, length } = view.index.entries
  const gone = view.goneUids
  const numbers = new Uint32Array(uids.length)
  let at = 0
  let before = 0
  for (let i = 0; i < uids.length; i++) {
    const uid = uids[i] as number
    while (at < length && (there[at] as number) < uid) at++
    while (before < gone.length && (gone[before] as number) < uid) before++
    numbers[i] = at + before + 1
  }
  return numbers
}

function lookedUp(view: View, uids: Uint32Array): Uint32Array {
  const { uids: there, length } = view.index.entries
  const first = there[0] ?? 0
  const span = (there[length - 1] ?? 0) - first + 1
  if (view.hasGone || span > length * tableSpreadMax) return uids.map((uid) => view.numberOf(uid))
  const table = new Uint32Array(span)
  for (let at = 0; at < length; at++) table[(there[at] as number) - first] = at + 1
  const numbers = new Uint32Array(uids.length)
  for (let i = 0; i < uids.length; i++) numbers[i] = table[(uids[i] as number) - first] as number
  return numbers
}
