// How SEARCH and SORT answer: plain (RFC 3501 §7.2.5, RFC 5256 §4), or as ESEARCH (RFC 9051 §7.3.4, RFC 4731), with the modseq
// where the client asked by it (RFC 7162 §3.1.6, RFC 4731 §3.2), and what SAVE keeps (RFC 5182 §2.4).
//
// A plain answer of many numbers is several lines, since clients add them up and some take no line of a million bytes. ESEARCH
// is one line by its grammar, in ranges; a client that wants short lines asks for MIN, MAX, COUNT or SAVE.

import type { baseSearchReturns, NumberSet, searchReturnOpts, Writer } from '@postern/imap-wire'
import { uidSetOf } from '@postern/mailbox-store'
import type { Session } from './session.js'

export type Returns = NonNullable<ReturnType<typeof searchReturnOpts<typeof baseSearchReturns>>>

/** In the order asked for. */
export interface Found {
  readonly uids: Uint32Array
  /** What the client calls them: message numbers, or again the uids. */
  readonly numbers: Uint32Array
}

interface Answer {
  readonly found: Found
  /** The client asked by modseq and is told the highest one. */
  readonly tellsModSeq: boolean
}

/** Ten digits and a space each. */
const numbersInLineMax = 90_000

interface Out extends Writer {
  breathe(): Promise<void>
}

/** The modseq stands in the last line. */
export async function writePlain(
  out: Out,
  word: string,
  { numbers, modSeq }: { numbers: Uint32Array; modSeq: number | undefined },
): Promise<void> {
  let from = 0
  do {
    const to = Math.min(numbers.length, from + numbersInLineMax)
    out.untagged().raw(word).spaced(numbers, { from, to })
    if (to === numbers.length && to > 0 && modSeq !== undefined) out.raw(' (MODSEQ ').number(modSeq).raw(')')
    out.crlf()
    from = to
    await out.breathe()
  } while (from < numbers.length)
}

export async function answerPlain(session: Session, word: string, { found, tellsModSeq }: Answer): Promise<void> {
  const modSeq = tellsModSeq ? highestModSeq(session, found.uids) : undefined
  await writePlain(session.out, word, { numbers: found.numbers, modSeq })
}

interface ExtendedAnswer extends Answer {
  readonly tag: string
  readonly uid: boolean
  readonly returns: Returns
}

/** `RETURN ()` asks for ALL. MIN and MAX are the first and the last in the order asked for (RFC 5267 §3.1). */
export async function answerExtended(
  session: Session,
  { tag, uid, returns, found, tellsModSeq }: ExtendedAnswer,
): Promise<void> {
  const { out } = session
  const { numbers } = found
  const asked = Object.keys(returns)
  if (returns.SAVE === true) session.savedUids = saved(returns, found)
  if (returns.SAVE === true && asked.length === 1) return
  out.untagged().raw('ESEARCH (TAG ').string(tag).raw(')')
  if (uid) out.raw(' UID')
  if (numbers.length > 0) {
    if (returns.MIN === true) out.raw(' MIN ').number(numbers[0] as number)
    if (returns.MAX === true) out.raw(' MAX ').number(numbers[numbers.length - 1] as number)
    if (returns.ALL === true || asked.length === 0) out.raw(' ALL ').numbers(numbers)
  }
  if (returns.COUNT === true) out.raw(' COUNT ').number(numbers.length)
  if (tellsModSeq && numbers.length > 0)
    out.raw(' MODSEQ ').number(highestModSeq(session, asksEnds(returns) ? ends(returns, found) : found.uids))
  out.crlf()
  await out.breathe()
}

/** MIN or MAX or both, and nothing that is about all that was found. */
const asksEnds = ({ MIN, MAX, ALL, COUNT }: Returns): boolean =>
  (MIN === true || MAX === true) && ALL !== true && COUNT !== true

function ends({ MIN, MAX }: Returns, { uids }: Found): Uint32Array {
  const first = MIN === true ? uids.subarray(0, 1) : uids.subarray(0, 0)
  const last = MAX === true ? uids.subarray(-1) : uids.subarray(0, 0)
  return Uint32Array.of(...first, ...last)
}

function saved(returns: Returns, found: Found): NumberSet {
  const uids = (asksEnds(returns) ? ends(returns, found) : found.uids.slice()).sort()
  return uidSetOf(uids.filter((uid, i) => i === 0 || uid !== uids[i - 1]))
}

function highestModSeq({ mailbox }: Session, uids: Uint32Array): number {
  const { entries } = mailbox.view.index
  let highest = 0
  for (const uid of uids) {
    const at = entries.find(uid)
    if (at >= 0) highest = Math.max(highest, entries.modSeqs[at] as number)
  }
  return highest
}
