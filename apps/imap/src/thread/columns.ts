// What threading compares of each message. It never changes, so that it's read once and kept with the mailbox's index, which
// all sessions share that have it open; a client asks for its threads anew whenever a message came.

import { fold, type MailboxIndex, type MessageRow, type OpenMailbox } from '@postern/mailbox-store'
import type { Targets } from '../targets.js'
import type { Threadable } from './threads.js'

interface Column {
  /** Milliseconds. */
  readonly date: number | undefined
  readonly subject: string
  readonly isReply: boolean
  readonly refs: Float64Array
}

/** Of more messages than these, some 300 bytes each, the columns are let go after each use. */
const keptMax = 100_000
const kept = new WeakMap<MailboxIndex, Map<number, Column>>()

export interface Found {
  readonly messages: Threadable
  /** Where each of them stands in the targets: one that was purged meanwhile is in no thread. */
  readonly places: Uint32Array
}

export async function threadable(open: OpenMailbox, targets: Targets): Promise<Found> {
  const columns = kept.get(open.index) ?? new Map<number, Column>()
  const missing = targets.messages.filter((message) => !columns.has(message))
  for await (const rows of open.rows(missing, { sort: true, refs: true }))
    for (const row of rows) columns.set(row.message, columnOf(row))
  if (columns.size <= keptMax) kept.set(open.index, columns)
  else kept.delete(open.index)
  return gathered(columns, targets)
}

const columnOf = ({ sort, refs }: MessageRow): Column => ({
  date: sort.date,
  subject: fold(sort.subject),
  isReply: sort.isReplyOrForward,
  refs,
})

function gathered(columns: ReadonlyMap<number, Column>, targets: Targets): Found {
  const places = Uint32Array.from(targets.messages.keys()).filter((at) => columns.has(targets.messages[at] as number))
  const found = Array.from(places, (at) => columns.get(targets.messages[at] as number) as Column)
  const dateOf = ({ date }: Column, i: number): number =>
    date ?? (targets.internalDates[places[i] as number] as number) * 1000
  const messages = {
    length: found.length,
    dates: Float64Array.from(found, dateOf),
    subjects: found.map(({ subject }) => subject),
    isReply: found.map(({ isReply }) => isReply),
    refs: found.map(({ refs }) => refs),
  }
  return { messages, places }
}
