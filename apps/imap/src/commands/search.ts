// SEARCH and SORT with their UID forms, plain and extended. RFC 9051 §6.4.4, RFC 4731 (RETURN), RFC 5182 (SAVE), RFC 5256 and
// RFC 5957 (SORT), RFC 5267 §3 (RETURN in SORT). How they answer is in ../search-answer.ts.

import {
  baseSearchReturns,
  baseSortKeys,
  displaySortKeys,
  ImapError,
  type Parser,
  type SearchKey,
  type SearchProgram,
  searchCriteria,
  searchProgram,
  searchReturnOpts,
  sortCriteria,
} from '@postern/imap-wire'
import type { SortKey } from '@postern/mailbox-store'
import { command, type Given } from '../command.js'
import type { StoreKey } from '../extension.js'
import { answerExtended, answerPlain, type Found, type Returns } from '../search-answer.js'
import { numbersOf, told } from '../search-numbers.js'
import { asksModSeq, storeQuery } from '../search-query.js'
import type { Session } from '../session.js'
import { whileHere } from '../while-here.js'

interface Asked {
  readonly returns: Returns | undefined
  readonly key: SearchKey<StoreKey>
  readonly sort?: readonly SortKey[]
}

export const search = command('SEARCH', {
  in: ['selected'],
  uid: true,
  holdsNumbers: true,
  parse: (p, session) =>
    parsed(p, session, () => ({ program: searchProgram(p, session.context.registry.searchRules) })),
  run: (session, asked, given) => run(session, asked, { ...given, word: 'SEARCH' }),
})

const sortKeys = new Map<string, SortKey['by']>([...baseSortKeys, ...displaySortKeys])

export const sort = command('SORT', {
  in: ['selected'],
  uid: true,
  holdsNumbers: true,
  parse: (p, session) =>
    parsed(p, session, () => {
      const order = sortCriteria(p, sortKeys)
      p.sp()
      return { sort: order, program: searchCriteria(p, session.context.registry.searchRules) }
    }),
  run: (session, asked, given) => run(session, asked, { ...given, word: 'SORT' }),
})

interface Rest {
  readonly program: SearchProgram<StoreKey>
  readonly sort?: readonly SortKey[]
}

/** `rest` reads what follows the RETURN options, which may not be there. */
function parsed(p: Parser, session: Session, rest: () => Rest): Asked {
  p.sp()
  const returns = searchReturnOpts(p, baseSearchReturns)
  return savingOrNothing(session, returns, () => {
    const { program, sort: order } = rest()
    // RFC 6855 §3: strings are UTF-8 then, and a charset would say something else. SORT's grammar demands one.
    if (session.utf8Accept && program.charset !== undefined && order === undefined)
      throw new ImapError('BAD', 'With UTF8=ACCEPT no charset can be given')
    return { returns, key: program.key, ...(order !== undefined && { sort: order }) }
  })
}

async function run(
  session: Session,
  { returns, key, sort: order }: Asked,
  { tag, uid, word }: Given & { word: 'SEARCH' | 'SORT' },
): Promise<{ text: string }> {
  const found = await find(session, key, { sort: order, uid }).catch((error) =>
    savingOrNothing(session, returns, () => {
      throw error
    }),
  )
  const tellsModSeq = asksModSeq(key)
  if (tellsModSeq) session.condstore = true
  if (returns === undefined && !(session.rev2 && word === 'SEARCH'))
    await answerPlain(session, word, { found, tellsModSeq })
  else await answerExtended(session, { tag, uid, returns: returns ?? {}, found, tellsModSeq })
  return { text: 'Searched' }
}

async function find(
  session: Session,
  key: SearchKey<StoreKey>,
  { sort: order, uid }: { sort: readonly SortKey[] | undefined; uid: boolean },
): Promise<Found> {
  const { view } = session.mailbox
  const query = storeQuery(session, key)
  const sorted = order === undefined ? {} : { sort: order }
  const work = (signal: AbortSignal) => view.open.search(query, { ...sorted, signal })
  const all = await whileHere(session, { says: 'Still searching', work })
  const uids = told(view, all)
  return { uids, numbers: uid ? uids : numbersOf(view, uids, { inOrder: order === undefined }) }
}

/** RFC 9051 §6.4.4.1: where a NO answers a search that was to be saved, nothing is saved any longer. */
function savingOrNothing<T>(session: Session, returns: Returns | undefined, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (returns?.SAVE === true && !(error instanceof ImapError && error.kind === 'BAD')) session.savedUids = []
    throw error
  }
}
