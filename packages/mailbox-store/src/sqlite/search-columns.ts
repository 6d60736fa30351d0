// The columns of open mailboxes, kept while there's room: bounded in bytes over all mailboxes, the least recently used one goes
// first. A column is filled when it's first asked for, in steps between which others have their turn, and then grows by what's
// new. Which columns there are stands at the end.

import type { Entries } from '../messages/entries.js'
import type { MailboxIndex } from '../messages/mailbox-index.js'
import { unpackSortDate, unpackSortText } from '../messages/sort-column.js'
import { collationKey } from '../search/collation.js'
import type { Column } from '../search/column.js'
import { NumberColumn } from '../search/number-column.js'
import { daySeconds, type SearchableField, type SortBy } from '../search/query.js'
import { RankColumn } from '../search/rank-column.js'
import { RefsColumn } from '../search/refs-column.js'
import { TextColumn } from '../search/text-column.js'
import { Batch, type BatchSources } from './search-batch.js'
import type { Slices } from './search-slices.js'

/** How a column comes about. */
export interface ColumnKind<C extends Column> {
  readonly name: string
  make(): C
  fill(column: C, batch: Batch): void
}

export interface ColumnAsk extends BatchSources {
  readonly index: MailboxIndex
  /** What has to be in the columns, by uid: a copy. */
  readonly entries: Entries
  readonly slices: Slices
}

const batchRows = 256
/** Of a mailbox in which this many times as many have vanished as are left, columns begin anew. */
const vanishedMax = 1
const smallMailbox = 1_024

class MailboxColumns {
  readonly byName = new Map<string, Column>()
  readonly asked = new Map<string, number>()

  get bytes(): number {
    let bytes = 0
    for (const column of this.byName.values()) bytes += column.bytes
    return bytes
  }
}

export class ColumnCache {
  readonly #bytesMax: number
  readonly #mailboxes = new WeakMap<MailboxIndex, MailboxColumns>()
  /** Least recently used first. */
  readonly #recent = new Set<MailboxColumns>()

  constructor({ bytesMax }: { bytesMax: number }) {
    this.#bytesMax = bytesMax
  }

  /** How many times it has been noted before that somebody would have liked this column. */
  noteAsked(index: MailboxIndex, { name }: ColumnKind<Column>): number {
    const { asked } = this.#of(index)
    const before = asked.get(name) ?? 0
    asked.set(name, before + 1)
    return before
  }

  /** How many of these messages are behind the end of what is kept. */
  missing(index: MailboxIndex, { name }: ColumnKind<Column>, { uids, length }: Entries): number {
    const lastUid = this.#of(index).byName.get(name)?.lastUid ?? 0
    let missing = 0
    while (missing < length && (uids[length - 1 - missing] as number) > lastUid) missing++
    return missing
  }

  /** The columns, with at least these entries in them. What was read for one of them isn't read again for another. */
  async filled<const Kinds extends readonly ColumnKind<Column>[]>(
    ask: ColumnAsk,
    kinds: Kinds,
  ): Promise<Columns<Kinds>> {
    const { entries, slices } = ask
    const mailbox = this.#of(ask.index)
    const columns = kinds.map((kind) => this.#begun(mailbox, kind, ask.index))
    for (;;) {
      // Meanwhile another search may fill them further.
      if (slices.due) await slices.turn()
      const lastUid = columns.reduce((least, column) => Math.min(least, column.lastUid), Number.POSITIVE_INFINITY)
      const from = entries.lowerBound(lastUid + 1)
      if (from >= entries.length) break
      const batch = new Batch(ask, part(entries, from, Math.min(entries.length, from + batchRows)))
      columns.forEach((column, i) => {
        if (column.lastUid === lastUid) (kinds[i] as ColumnKind<Column>).fill(column, batch)
      })
    }
    for (const column of columns) if (column instanceof RankColumn) await column.settle(slices)
    for (const [i, { name }] of kinds.entries()) mailbox.byName.set(name, columns[i] as Column)
    this.#evict()
    return columns as unknown as Columns<Kinds>
  }

  #begun(mailbox: MailboxColumns, kind: ColumnKind<Column>, index: MailboxIndex): Column {
    const known = mailbox.byName.get(kind.name)
    if (known !== undefined && known.length <= (1 + vanishedMax) * index.length + smallMailbox) return known
    const column = kind.make()
    mailbox.byName.set(kind.name, column)
    return column
  }

  #of(index: MailboxIndex): MailboxColumns {
    let columns = this.#mailboxes.get(index)
    if (columns === undefined) {
      columns = new MailboxColumns()
      this.#mailboxes.set(index, columns)
    }
    this.#recent.delete(columns)
    this.#recent.add(columns)
    return columns
  }

  #evict(): void {
    let bytes = 0
    for (const columns of this.#recent) bytes += columns.bytes
    for (const columns of this.#recent) {
      if (bytes <= this.#bytesMax) return
      bytes -= columns.bytes
      columns.byName.clear()
      this.#recent.delete(columns)
    }
  }
}

type Columns<Kinds extends readonly ColumnKind<Column>[]> = {
  -readonly [At in keyof Kinds]: Kinds[At] extends { make(): infer C } ? C : never
}

function part(entries: Entries, from: number, to: number) {
  return {
    uids: entries.uids.subarray(from, to),
    messages: entries.messages.subarray(from, to),
    sizes: entries.sizes.subarray(from, to),
    internalDates: entries.internalDates.subarray(from, to),
  }
}

export const fieldColumn = (field: SearchableField): ColumnKind<TextColumn> => ({
  name: field,
  make: () => new TextColumn(),
  fill: (column, batch) => column.add(batch.entries.uids, batch.fields(field)),
})

/** The day of the Date header, or else of the internal date. */
export const sentDayColumn: ColumnKind<NumberColumn> = {
  name: 'sent day',
  make: () => new NumberColumn(),
  fill(column, batch) {
    const { uids, internalDates } = batch.entries
    const arrival = (i: number): number => Math.floor((internalDates[i] as number) / daySeconds)
    column.add(
      uids,
      batch.sentDays().map((day, i) => day ?? arrival(i)),
    )
  },
}

/** Ids stand between equals signs, which none has inside, so that no part of one is taken for another. */
export const markedId = (id: string): string => `=${id}=`

export const objectIdColumn = (kind: 'emailId' | 'threadId'): ColumnKind<TextColumn> => ({
  name: kind,
  make: () => new TextColumn(),
  fill(column, batch) {
    const ids = kind === 'emailId' ? batch.emailIds() : batch.threadIds()
    column.add(
      batch.entries.uids,
      ids.map((id) => (id === undefined ? undefined : markedId(id))),
    )
  },
})

export const refsColumn: ColumnKind<RefsColumn> = {
  name: 'refs',
  make: () => new RefsColumn(),
  fill: (column, batch) => column.add(batch.entries.uids, batch.refs()),
}

export const sortColumn = (by: SortBy): ColumnKind<RankColumn<string>> | ColumnKind<RankColumn<number>> =>
  by === 'arrival' || by === 'size' || by === 'date' ? numbersColumn(by) : stringsColumn(by)

export const stringsColumn = (by: Exclude<SortBy, 'arrival' | 'size' | 'date'>): ColumnKind<RankColumn<string>> => ({
  name: `sort ${by}`,
  make: () => new RankColumn<string>(),
  fill(column, batch) {
    column.add(
      batch.entries.uids,
      batch.sorts().map((sort) => collationKey(unpackSortText(sort, by))),
    )
  },
})

export const numbersColumn = (by: 'arrival' | 'size' | 'date'): ColumnKind<RankColumn<number>> => ({
  name: `sort ${by}`,
  make: () => new RankColumn<number>(),
  fill: (column, batch) => column.add(batch.entries.uids, sortNumbers(by, batch)),
})

/** RFC 5256 §2.2: the Date header in UTC; without one, the internal date. */
function sortNumbers(by: 'arrival' | 'size' | 'date', batch: Batch): number[] {
  const { sizes, internalDates } = batch.entries
  if (by === 'size') return Array.from(sizes)
  if (by === 'arrival') return Array.from(internalDates)
  return batch.sorts().map((sort, i) => unpackSortDate(sort) ?? (internalDates[i] as number))
}
