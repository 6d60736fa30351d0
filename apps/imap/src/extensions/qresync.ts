// RFC 7162, the QRESYNC part: a client that was here before hears at SELECT what vanished and what changed since, and from
// then on of expunges by uid. The view tells VANISHED instead of EXPUNGE; EXPUNGE answers with the new modseq.
//
//   select-param   =/ "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"
//   fetch-modifier =/ "VANISHED"

import { condstoreSelectParams, ImapError, type QresyncParameters, resolveSet } from '@postern/imap-wire'
import { allUids, type UidRange, type UidSet, uidMax, uidSet, uidSetOf, uidSetSize } from '@postern/mailbox-store'
import type { Extension, FetchModifier, SelectParam } from '../extension.js'
import type { Session } from '../session.js'
import { writeVanished } from '../telling.js'

const selectParam: SelectParam = {
  name: 'QRESYNC',
  parse(p, session) {
    const known = condstoreSelectParams.QRESYNC(p)
    if (!session.qresync) p.refuse('ENABLE QRESYNC comes first')
    const { seqMatch } = known
    if (seqMatch !== undefined && uidSetSize(seqMatch.numbers) !== uidSetSize(seqMatch.uids))
      p.refuse('A number for every uid')
    return (opened) => resynchronise(opened, known)
  },
}

/** RFC 7162 §3.2.5: nothing more is told where the uids have another validity. */
async function resynchronise(session: Session, known: QresyncParameters): Promise<void> {
  const { mailbox } = session.mailbox
  if (known.uidValidity !== mailbox.uidValidity) return
  const uids = known.knownUids ?? allUids
  const from = lastMatch(session, known.seqMatch) + 1
  await writeGone(session, { since: known.modSeq, uids: overlap(uids, [[from, uidMax]]) })
  await writeChanged(session, { since: known.modSeq, uids })
}

interface Since {
  readonly since: number
  readonly uids: UidSet
}

/** RFC 7162 §3.2.5.2: up to the last pair that is right, the client knows what is gone. The uid of that one, or 0. */
function lastMatch({ mailbox: { view } }: Session, seqMatch: QresyncParameters['seqMatch']): number {
  if (seqMatch === undefined) return 0
  const uids = each(seqMatch.uids)
  let last = 0
  for (const number of each(seqMatch.numbers)) {
    const uid = uids.next().value
    if (uid === undefined || number > view.count || view.index.entries.uids[number - 1] !== uid) return last
    last = uid
  }
  return last
}

function* each(set: UidSet): Generator<number, undefined> {
  for (const [from, to] of set) for (let n = from; n <= to; n++) yield n
  return undefined
}

/** What the client will be told as VANISHED without EARLIER, since it was there when it selected, stays out of this. */
async function writeGone(session: Session, { since, uids }: Since): Promise<void> {
  const { mailbox, view } = session.mailbox
  await session.hear()
  if (view.index.vanishedAt <= since) return
  const vanished = await session.account.vanishedSince(mailbox.id, since)
  await session.hear()
  const waiting = uidSetOf(view.goneUids)
  writeVanished(session.out, without(overlap(vanished, uids), waiting), { earlier: true })
  await session.out.breathe()
}

async function writeChanged(session: Session, { since, uids }: Since): Promise<void> {
  const { out, mailbox } = session
  const { view } = mailbox
  const targets = view.targets(uids, { uid: true, since })
  for (let i = 0; i < targets.length; i++) {
    const { system, keywords } = view.open.flagsOf(targets.flags[i] as number)
    out
      .untagged()
      .number(targets.numbers[i] as number)
      .raw(' FETCH (UID ')
      .number(targets.uids[i] as number)
    out
      .raw(' FLAGS ')
      .flags(system, keywords)
      .raw(' MODSEQ (')
      .number(targets.modSeqs[i] as number)
      .raw('))')
      .crlf()
    if (out.isFull) await out.breathe()
  }
  view.tellsFlagsOf(targets)
}

/** RFC 7162 §3.2.6. A `*` reaches beyond the last message that is there: those behind it may be the ones that vanished. */
const vanished: FetchModifier = {
  name: 'VANISHED',
  async before(session, { uid, set, changedSince }) {
    if (!session.qresync) throw new ImapError('BAD', 'ENABLE QRESYNC comes first')
    if (!uid) throw new ImapError('BAD', 'VANISHED is for UID FETCH')
    if (changedSince === undefined) throw new ImapError('BAD', 'VANISHED needs CHANGEDSINCE')
    const present = session.numbers(set, { uid: true })
    const beyond = resolveSet(set, { last: uidMax, saved: session.savedUids })
    await writeGone(session, { since: changedSince, uids: uidSet([...present, ...beyond]) })
  },
}

function overlap(a: UidSet, b: UidSet): UidSet {
  const both: UidRange[] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [from, to] = a[i] as UidRange
    const [low, high] = b[j] as UidRange
    if (Math.max(from, low) <= Math.min(to, high)) both.push([Math.max(from, low), Math.min(to, high)])
    if (to < high) i++
    else j++
  }
  return both
}

function without(set: UidSet, gaps: UidSet): UidSet {
  let next = 1
  const rest: UidRange[] = []
  for (const [from, to] of gaps) {
    if (from > next) rest.push([next, from - 1])
    next = to + 1
  }
  return overlap(set, [...rest, ...(next <= uidMax ? [[next, uidMax] as const] : [])])
}

export const qresync: Extension = {
  capability: 'QRESYNC',
  rfc: 'RFC 7162',
  what: 'SELECT tells what has changed and vanished since the client was last here.',
  selectParams: [selectParam],
  fetchModifiers: [vanished],
  enable(session) {
    session.condstore = true
    session.qresync = true
  },
}
