// The answers of a FETCH, a line a message. Most lines are written without waiting for anything; where the client is slow, or a
// large message comes from its file, the next word waits. RFC 9051 §7.5.2.

import { ImapError } from '@postern/imap-wire'
import type { Session } from '../session.js'
import type { Targets } from '../targets.js'
import { FetchedMessage } from './fetched-message.js'
import type { FetchItem, Needs } from './item.js'
import { Line } from './line.js'
import { fetchSlices } from './slices.js'

export interface Lines {
  readonly items: readonly FetchItem[]
  /** Messages that this very command marked as seen: their flags are told besides. */
  readonly marked: ReadonlySet<number> | undefined
  readonly itemsOfMarked: readonly FetchItem[]
  /** Called before the line of each target, where there will be one or not. */
  readonly before?: (at: number) => void
}

export async function writeLines(session: Session, targets: Targets, lines: Lines): Promise<void> {
  const { out } = session
  const { items, marked, before } = lines
  const message = new FetchedMessage(session, targets)
  const line = new Line(message, targets, items)
  const lineOfMarked = marked === undefined ? line : new Line(message, targets, lines.itemsOfMarked)
  const preparing = items.filter(({ prepare }) => prepare !== undefined)
  const { open } = session.mailbox.view
  const needs = needsOf(items)
  const readsBytes = needs.bytes === true
  let unserved: ImapError | undefined
  for await (const slice of fetchSlices(session, targets, needs))
    for (let at = slice.from; at < slice.to; at++) {
      before?.(at)
      if (!message.goTo(at, slice)) continue
      // A large one is looked up when its turn comes: by then it may have been purged.
      if (readsBytes && message.content === undefined) message.content = await open.content(message.message)
      if (readsBytes && message.content === undefined) continue
      if (preparing.length > 0) {
        const refusal = await prepared(message, preparing)
        // The others are served, and the refusal comes at the end.
        unserved ??= refusal
        if (refusal !== undefined) continue
      }
      const isMarked = marked?.has(message.uid) === true
      const later = (isMarked ? lineOfMarked : line).write(at)
      if (later !== undefined) await later
      if (out.isFull) await out.breathe()
    }
  if (unserved !== undefined) throw unserved
}

/** Why this message can't be served, if it can't. */
async function prepared(message: FetchedMessage, preparing: readonly FetchItem[]): Promise<ImapError | undefined> {
  try {
    for (const { prepare } of preparing) await prepare?.(message)
    return undefined
  } catch (error) {
    if (!(error instanceof ImapError)) throw error
    return error
  }
}

export function needsOf(items: readonly FetchItem[]): Needs {
  return Object.assign({}, ...items.map(({ needs }) => needs))
}
