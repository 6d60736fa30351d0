// Modseqs in the arguments of SELECT, FETCH, STORE and SEARCH. RFC 7162 §7 (CONDSTORE and QRESYNC): lines for the tables of
// options, and the rules behind them. A modseq is a number64; what that is beyond 2^53 - 1, `number64` says.
import type { Parser } from './parser.js'
import type { NumberSet } from './sequence-set.js'

// mod-sequence-value = 1*DIGIT    ; 1 <= n
export function modSequenceValue(p: Parser): number {
  return p.nzNumber64()
}

// mod-sequence-valzer = "0" / mod-sequence-value
export function modSequenceValzer(p: Parser): number {
  return p.number64()
}

export interface QresyncParameters {
  readonly uidValidity: number
  readonly modSeq: number
  /** Undefined: all that there may have been. */
  readonly knownUids: NumberSet | undefined
  /** Message numbers and the uids that the client knows under them, for a server that forgot its expunges. */
  readonly seqMatch: { readonly numbers: NumberSet; readonly uids: NumberSet } | undefined
}

// select-param =/ "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"
function qresync(p: Parser): QresyncParameters {
  p.sp()
  p.take('(')
  const uidValidity = p.nzNumber()
  p.sp()
  const modSeq = modSequenceValue(p)
  let knownUids: NumberSet | undefined
  let seqMatch: QresyncParameters['seqMatch']
  if (p.tryTake(' ')) {
    if (!p.isAt('(')) knownUids = p.uidSet()
    if (knownUids === undefined || p.tryTake(' ')) seqMatch = seqMatchData(p)
  }
  p.take(')')
  return { uidValidity, modSeq, knownUids, seqMatch }
}

// seq-match-data = "(" known-sequence-set SP known-uid-set ")"
function seqMatchData(p: Parser): { numbers: NumberSet; uids: NumberSet } {
  p.take('(')
  const numbers = p.uidSet()
  p.sp()
  const uids = p.uidSet()
  p.take(')')
  return { numbers, uids }
}

// select-param =/ condstore-param    ; "CONDSTORE"
export const condstoreSelectParams = { CONDSTORE: true, QRESYNC: qresync } as const

// fetch-modifier =/ "CHANGEDSINCE" SP mod-sequence-value / "VANISHED"
export const condstoreFetchModifiers = {
  CHANGEDSINCE: (p: Parser) => {
    p.sp()
    return modSequenceValue(p)
  },
  VANISHED: true,
} as const

// store-modifier =/ "UNCHANGEDSINCE" SP mod-sequence-valzer
export const condstoreStoreModifiers = {
  UNCHANGEDSINCE: (p: Parser) => {
    p.sp()
    return modSequenceValzer(p)
  },
} as const

// search-modsequence = "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer
/** Behind the name. One modseq stands for all of a message here, so that the entry is read and not needed. */
export function searchModsequence(p: Parser): number {
  p.sp()
  if (p.isAt('"')) {
    if (!p.quoted().toLowerCase().startsWith('/flags/')) p.refuse('Unknown entry name')
    p.sp()
    if (!['PRIV', 'SHARED', 'ALL'].includes(p.name())) p.refuse('Unknown entry type')
    p.sp()
  }
  return modSequenceValzer(p)
}
