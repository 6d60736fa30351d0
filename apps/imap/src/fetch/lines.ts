// The answers of a FETCH, a line a message. Most lines are written without waiting for anything; where the client is slow, or a
// large message comes from its file, the next word waits. RFC 9051 §7.5.2.

import { ImapError } from '@postern/imap-wire'
import { BrokenAnswer } from '../broken-answer.js'
import { ClientGone } from '../input.js'
import type { Out } from '../out.js'
import type { Session } from '../session.js'
import type { Targets } from '../targets.js'
import { FetchedMessage } from './fetched-message.js'
import { bytesOf, type FetchItem, type Needs } from './item.js'
import { fetchSlices } from './slices.js'

const opening = bytesOf((w) => w.raw(' FETCH ('))
const closing = bytesOf((w) => w.raw(')').crlf())

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
  const { items, itemsOfMarked } = lines
  const preparing = items.filter(({ prepare }) => prepare !== undefined)
  const message = new FetchedMessage(session, targets)
  const { open } = session.mailbox.view
  const needs = needsOf(items)
  let unserved: ImapError | undefined
  for await (const slice of fetchSlices(session, targets, needs))
    for (let at = slice.from; at < slice.to; at++) {
      lines.before?.(at)
      if (!message.goTo(at, slice)) continue
      // A large one is looked up when its turn comes: by then it may have been purged.
      if (needs.bytes === true) message.content ??= await open.content(message.message)
      if (needs.bytes === true && message.content === undefined) continue
      try {
        for (const { prepare } of preparing) await prepare?.(message)
      } catch (error) {
        if (!(error instanceof ImapError)) throw error
        // The others are served, and the refusal comes at the end.
        unserved ??= error
        continue
      }
      const later = writeLine(out, message, lines.marked?.has(message.uid) === true ? itemsOfMarked : items)
      if (later !== undefined) await later
      if (out.isFull) await out.breathe()
    }
  if (unserved !== undefined) throw unserved
}

export function needsOf(items: readonly FetchItem[]): Needs {
  return Object.assign({}, ...items.map(({ needs }) => needs))
}

function writeLine(out: Out, message: FetchedMessage, items: readonly FetchItem[]): Promise<void> | undefined {
  out.untagged().number(message.number).bytes(opening)
  return writeItems(out, message, { items, from: 0 })
}

interface Rest {
  readonly items: readonly FetchItem[]
  readonly from: number
}

function writeItems(out: Out, message: FetchedMessage, { items, from }: Rest): Promise<void> | undefined {
  try {
    for (let i = from; i < items.length; i++) {
      const item = items[i] as FetchItem
      out.part(item.name, i === 0 ? 1 : 0, item.name.length)
      const later = item.write(message, out)
      if (later !== undefined) return goOn(later, out, { message, items, from: i + 1 })
    }
    out.bytes(closing)
    return undefined
  } catch (error) {
    throw new BrokenAnswer('within a FETCH', { cause: error })
  }
}

async function goOn(later: Promise<void>, out: Out, rest: Rest & { message: FetchedMessage }): Promise<void> {
  try {
    await later
  } catch (error) {
    if (error instanceof ClientGone) throw error
    throw new BrokenAnswer('within a FETCH', { cause: error })
  }
  await writeItems(out, rest.message, rest)
}
