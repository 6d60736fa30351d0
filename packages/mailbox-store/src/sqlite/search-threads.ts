// What THREAD compares, out of columns that it shares with SORT: sent dates and base subjects as ranks, Message-IDs as
// numbers. RFC 5256 §3.

import type { Threading } from '../store.js'
import type { SearchPlace } from './search.js'
import { numbersColumn, refsColumn, stringsColumn } from './search-columns.js'
import { Slices } from './search-slices.js'
import { EntrySnapshot } from './search-snapshot.js'

const kinds = [refsColumn, numbersColumn('date'), stringsColumn('subject')] as const

export async function threadingOf(
  place: SearchPlace,
  uids: Uint32Array,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Threading> {
  const { entries } = new EntrySnapshot(place.index, { kind: 'all' })
  const ask = { ...place, entries, slices: new Slices(signal) }
  const [refs, dates, subjects] = await place.reader.columns.filled(ask, kinds)
  const ranks = subjects.pick(subjects.rowsOf(uids))
  // The empty subject is 0, also where no message has one.
  const shift = subjects.least === '' ? 0 : 1
  if (shift > 0) for (let i = 0; i < ranks.length; i++) ranks[i] = (ranks[i] as number) + shift
  return {
    dates: dates.pick(dates.rowsOf(uids)),
    dateCount: dates.count,
    subjects: ranks,
    subjectCount: subjects.count + shift,
    ...refs.pick(refs.rowsOf(uids)),
  }
}
