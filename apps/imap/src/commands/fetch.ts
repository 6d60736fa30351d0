// FETCH and UID FETCH. RFC 9051 §6.4.5; CHANGEDSINCE from RFC 7162 §3.1.4, other modifiers from the extensions.
//
//   fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")")
//           [fetch-modifiers]

import { condstoreFetchModifiers, fetchAtts, fetchModifiers, type OptionRules, systemFlags } from '@postern/imap-wire'
import type { MessageRow } from '@postern/mailbox-store'
import { BrokenAnswer } from '../broken-answer.js'
import { command } from '../command.js'
import { decodeWanted } from '../fetch/binary.js'
import { type FetchedMessage, fetchedMessage } from '../fetch/fetched-message.js'
import { isAtHand, type Needs, needsOf, writeAtHand, writeItem } from '../fetch/items.js'
import type { Out } from '../out.js'
import type { Wanted } from '../registry.js'
import type { Session } from '../session.js'
import type { Targets } from '../targets.js'

const condstoreModifiers = { CHANGEDSINCE: condstoreFetchModifiers.CHANGEDSINCE }

export const fetch = command('FETCH', {
  in: ['selected'],
  uid: true,
  holdsNumbers: true,
  parse(p, session) {
    p.sp()
    const set = p.sequenceSet()
    p.sp()
    const { fetchRules, fetchModifiers: extensionModifiers } = session.context.registry
    const items = fetchAtts(p, fetchRules)
    const named: OptionRules = Object.fromEntries(Object.keys(extensionModifiers).map((name) => [name, true]))
    const { CHANGEDSINCE: since, ...others } = fetchModifiers(p, { ...named, ...condstoreModifiers })
    return { set, items, since, modifiers: Object.keys(others).map((name) => extensionModifiers[name]) }
  },
  async run(session, { set, items, since, modifiers }, { uid }) {
    for (const modifier of modifiers) await modifier?.before(session, { uid, set, changedSince: since })
    if (since !== undefined) session.condstore = true
    const { view, readOnly } = session.mailbox
    const wanted = withImplied(items, { uid, modSeq: since !== undefined, session })
    const needs = allNeeds(wanted)
    let targets = view.targets(session.numbers(set, { uid }), { uid })
    if (since !== undefined) targets = changedSince(session, targets, since)
    const seen = needs.seen === true && !readOnly ? await markSeen(session, targets) : undefined
    if (seen !== undefined)
      targets = view.targets(
        Array.from(targets.uids, (u): [number, number] => [u, u]),
        { uid: true },
      )
    const asksFlags = wanted.some(({ kind }) => kind === 'flags')
    await writeMessages(session, targets, { needs, wanted, marked: seen })
    // Those flags have been told now.
    if (asksFlags || seen !== undefined) view.dropChanged(targets.uids, maxOf(targets.modSeqs))
    return { text: 'Fetched' }
  },
})

function allNeeds(wanted: readonly Wanted[]): Needs {
  const needs: { -readonly [Name in keyof Needs]: Needs[Name] } = {}
  for (const [name, value] of wanted.flatMap((one) => Object.entries(needsOf(one))))
    if (value === true) needs[name as keyof Needs] = true
  return needs
}

const maxOf = (numbers: Float64Array): number => numbers.reduce((max, n) => Math.max(max, n), 0)

/** RFC 9051 §6.4.5: flags that changed by reading are told; with uid and modseq for who knows them (RFC 7162 §3.2.4). */
function withFlags(session: Session, items: readonly Wanted[]): Wanted[] {
  const wanted = withImplied(items, { uid: session.condstore, modSeq: session.condstore, session })
  return wanted.some(({ kind }) => kind === 'flags') ? wanted : [...wanted, { kind: 'flags' }]
}

/** UID FETCH answers with UID whether it was asked or not (RFC 9051 §6.4.9), CHANGEDSINCE with MODSEQ. */
function withImplied(items: readonly Wanted[], options: { uid: boolean; modSeq: boolean; session: Session }): Wanted[] {
  const wanted = [...items]
  if (options.uid && !wanted.some(({ kind }) => kind === 'uid')) wanted.unshift({ kind: 'uid' })
  const modSeq = options.session.context.registry.fetchRules.get('MODSEQ')
  const asked = wanted.some((one) => one.kind === 'item' && one.item.name === 'MODSEQ')
  if (options.modSeq && !asked && modSeq !== undefined) wanted.push(modSeq(undefined as never))
  return wanted
}

function changedSince(session: Session, targets: Targets, since: number): Targets {
  const changed: [number, number][] = []
  for (let i = 0; i < targets.length; i++)
    if ((targets.modSeqs[i] as number) > since) changed.push([targets.uids[i] as number, targets.uids[i] as number])
  return session.mailbox.view.targets(changed, { uid: true })
}

/** RFC 9051 §6.4.5: reading a body sets \Seen. The uids whose flags changed by it. */
async function markSeen(session: Session, targets: Targets): Promise<Set<number> | undefined> {
  const unseen: [number, number][] = []
  for (let i = 0; i < targets.length; i++)
    if (((targets.flags[i] as number) & systemFlags.seen) === 0)
      unseen.push([targets.uids[i] as number, targets.uids[i] as number])
  if (unseen.length === 0) return undefined
  const { mailbox, view } = session.mailbox
  const flags = { system: systemFlags.seen, keywords: [] }
  const { changed } = await session.account.setFlags(mailbox.id, unseen, { how: 'add', flags })
  await view.hear()
  return new Set(changed)
}

interface Writing {
  readonly needs: Needs
  readonly wanted: readonly Wanted[]
  /** By this very command: their flags are told besides. */
  readonly marked: ReadonlySet<number> | undefined
}

async function writeMessages(session: Session, targets: Targets, { needs, wanted, marked }: Writing): Promise<void> {
  const { view } = session.mailbox
  const { out } = session
  const withNews = marked === undefined ? wanted : withFlags(session, wanted)
  const isReady = wanted.every(isAtHand)
  for await (const slice of slices(session, targets, needs))
    for (const { at, row } of slice) {
      const content = needs.bytes === true ? await view.open.content(targets.messages[at] as number) : undefined
      if (needs.bytes === true && content === undefined) continue
      const fetched = fetchedMessage(session, targets, { at, row, content })
      const items = marked?.has(fetched.uid) === true ? withNews : wanted
      if (isReady) writeLine(out, fetched, items)
      else await writeMessage(out, fetched, items)
      if (out.isFull) await out.flush()
    }
}

interface Placed {
  readonly at: number
  readonly row?: MessageRow
}

const messagesPerSlice = 1_000

/** Rows as they're read, at their places among the targets; a message that was purged meanwhile is passed over. */
async function* slices(session: Session, targets: Targets, needs: Needs): AsyncGenerator<readonly Placed[]> {
  const { open } = session.mailbox.view
  const { bytes: _, seen: __, ...wants } = needs
  if (Object.keys(wants).length === 0) {
    for (let from = 0; from < targets.length; from += messagesPerSlice) {
      if (from > 0) await new Promise(setImmediate)
      yield Array.from({ length: Math.min(messagesPerSlice, targets.length - from) }, (_, i) => ({ at: from + i }))
    }
    return
  }
  let at = 0
  for await (const rows of open.rows(targets.messages, wants)) {
    const placed: Placed[] = []
    for (const row of rows) {
      while (at < targets.length && targets.messages[at] !== row.message) at++
      if (at < targets.length) placed.push({ at: at++, row })
    }
    yield placed
  }
}

async function writeMessage(out: Out, fetched: FetchedMessage, wanted: readonly Wanted[]): Promise<void> {
  await decodeWanted(fetched, wanted)
  try {
    out.untagged().number(fetched.number).raw(' FETCH (')
    for (let i = 0; i < wanted.length; i++) {
      if (i > 0) out.sp()
      await writeItem(out, wanted[i] as Wanted, fetched)
    }
    out.raw(')').crlf()
  } catch (error) {
    throw new BrokenAnswer('within a FETCH', { cause: error })
  }
}

/** The same where nothing is waited for: a promise for each item would cost more than the item. */
function writeLine(out: Out, fetched: FetchedMessage, wanted: readonly Wanted[]): void {
  try {
    out.untagged().number(fetched.number).raw(' FETCH (')
    for (let i = 0; i < wanted.length; i++) {
      if (i > 0) out.sp()
      writeAtHand(out, wanted[i] as Wanted, fetched)
    }
    out.raw(')').crlf()
  } catch (error) {
    throw new BrokenAnswer('within a FETCH', { cause: error })
  }
}
