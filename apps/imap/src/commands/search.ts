// SEARCH and SORT with their UID forms, plain and extended. RFC 9051 §6.4.4 and §7.3.4 (ESEARCH), RFC 4731, RFC 5182 (SAVE),
// RFC 5256 and RFC 5957 (SORT), RFC 5267 §3 (ESORT), RFC 7162 §3.1.5 (MODSEQ in the answer).

import {
  baseSearchReturns,
  baseSortKeys,
  displaySortKeys,
  type SearchKey,
  searchCriteria,
  searchProgram,
  searchReturnOpts,
  sortCriteria,
  type Writer,
} from '@postern/imap-wire'
import { type SortKey, uidSetOf } from '@postern/mailbox-store'
import { command, type Given } from '../command.js'
import type { StoreKey } from '../extension.js'
import { storeQuery } from '../search-query.js'
import type { Session } from '../session.js'

type Returns = ReturnType<typeof searchReturnOpts<typeof baseSearchReturns>>

interface Asked {
  readonly returns: Returns
  readonly key: SearchKey<StoreKey>
  readonly sort?: readonly SortKey[]
}

export const search = command('SEARCH', {
  in: ['selected'],
  uid: true,
  holdsNumbers: true,
  parse(p, session): Asked {
    p.sp()
    const returns = searchReturnOpts(p, baseSearchReturns)
    return { returns, key: searchProgram(p, session.context.registry.searchRules).key }
  },
  run: (session, asked, given) => answer(session, asked, { ...given, word: 'SEARCH' }),
})

const sortKeys = new Map<string, SortKey['by']>([...baseSortKeys, ...displaySortKeys])

export const sort = command('SORT', {
  in: ['selected'],
  uid: true,
  holdsNumbers: true,
  parse(p, session): Asked {
    p.sp()
    const returns = searchReturnOpts(p, baseSearchReturns)
    const criteria = sortCriteria(p, sortKeys)
    p.sp()
    const { key } = searchCriteria(p, session.context.registry.searchRules)
    return { returns, key, sort: criteria }
  },
  run: (session, asked, given) => answer(session, asked, { ...given, word: 'SORT' }),
})

/** Ten digits and a space each. */
const numbersInLineMax = 90_000

interface Found {
  readonly uids: number[]
  readonly numbers: readonly number[]
  /** The highest modseq among what was found, where the client asked by modseq. */
  readonly modSeq: number | undefined
}

async function answer(
  session: Session,
  { returns, key, sort: order }: Asked,
  { tag, uid, word }: Given & { word: 'SEARCH' | 'SORT' },
): Promise<{ text: string }> {
  const found = await find(session, key, { sort: order, uid })
  const { out } = session
  if (returns === undefined && !(session.rev2 && word === 'SEARCH')) {
    writePlain(out, word, found)
  } else writeExtended(session, { tag, uid, returns: returns ?? {}, found })
  return { text: 'Searched' }
}

/** Some clients take no line above 1,000,000 bytes; several lines add up. The modseq stands in the last. */
export function writePlain(out: Writer, word: string, { numbers, modSeq }: Pick<Found, 'numbers' | 'modSeq'>): void {
  let at = 0
  do {
    out.untagged().raw(word)
    for (const end = Math.min(numbers.length, at + numbersInLineMax); at < end; at++)
      out.sp().number(numbers[at] as number)
    if (at === numbers.length && at > 0 && modSeq !== undefined) out.raw(' (MODSEQ ').number(modSeq).raw(')')
    out.crlf()
  } while (at < numbers.length)
}

async function find(
  session: Session,
  key: SearchKey<StoreKey>,
  { sort: order, uid }: { sort: readonly SortKey[] | undefined; uid: boolean },
): Promise<Found> {
  const { view } = session.mailbox
  const all = await view.open.search(storeQuery(session, key), order === undefined ? {} : { sort: order })
  await view.hear()
  const { entries } = view.index
  const uids = Array.from(all).filter((one) => one <= view.lastUid && entries.find(one) >= 0)
  const asksModSeq = mentionsModSeq(key)
  if (asksModSeq) session.condstore = true
  const modSeq = uids.reduce((max, one) => Math.max(max, entries.modSeqs[entries.find(one)] as number), 0)
  return { uids, numbers: uid ? uids : uids.map((one) => view.numberOf(one)), modSeq: asksModSeq ? modSeq : undefined }
}

function mentionsModSeq(key: SearchKey<StoreKey>): boolean {
  switch (key.kind) {
    case 'store':
      return key.query.kind === 'modSeq'
    case 'not':
      return mentionsModSeq(key.of)
    case 'or':
    case 'and':
      return key.of.some(mentionsModSeq)
    default:
      return false
  }
}

interface Extended {
  readonly tag: string
  readonly uid: boolean
  readonly returns: NonNullable<Returns>
  readonly found: Found
}

/** `RETURN ()` asks for ALL. MIN and MAX are by number, also where the order is another (RFC 5267 §3.2). */
function writeExtended(session: Session, { tag, uid, returns, found }: Extended): void {
  const { out } = session
  const { numbers, modSeq } = found
  const wantsAll = returns.ALL === true || Object.keys(returns).length === 0
  if (returns.SAVE === true) save(session, returns, found)
  if (returns.SAVE === true && Object.keys(returns).length === 1) return
  out.untagged().raw('ESEARCH (TAG ').string(tag).raw(')')
  if (uid) out.raw(' UID')
  if (numbers.length > 0) {
    if (returns.MIN === true) out.raw(' MIN ').number(smallest(numbers))
    if (returns.MAX === true) out.raw(' MAX ').number(largest(numbers))
    if (wantsAll) out.raw(' ALL ').numbers(numbers)
  }
  if (returns.COUNT === true) out.raw(' COUNT ').number(numbers.length)
  if (modSeq !== undefined && numbers.length > 0) out.raw(' MODSEQ ').number(modSeq)
  out.crlf()
}

/** RFC 5182 §2.4: with MIN or MAX and no ALL or COUNT, only those are saved. */
function save(session: Session, returns: NonNullable<Returns>, { uids }: Found): void {
  const some = (returns.MIN === true || returns.MAX === true) && returns.ALL !== true && returns.COUNT !== true
  const ends = [...(returns.MIN === true ? [smallest(uids)] : []), ...(returns.MAX === true ? [largest(uids)] : [])]
  const kept = some ? (uids.length === 0 ? [] : ends) : uids
  session.savedUids = uidSetOf([...new Set(kept)].sort((a, b) => a - b))
}

const smallest = (numbers: readonly number[]): number =>
  numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
const largest = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0)
