// FETCH and UID FETCH. RFC 9051 §6.4.5; CHANGEDSINCE from RFC 7162 §3.1.4, other modifiers from the extensions.
//
//   fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")")
//           [fetch-modifiers]

import {
  condstoreFetchModifiers,
  fetchAtts,
  fetchModifiers,
  type OptionRules,
  type SequenceSet,
  systemFlags,
} from '@postern/imap-wire'
import { command } from '../command.js'
import { fetchItem } from '../fetch/items.js'
import { needsOf, writeLines } from '../fetch/lines.js'
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
  async run(session, { set, items, since, modifiers }, { uid, line }) {
    for (const modifier of modifiers) await modifier?.before(session, { uid, set, changedSince: since })
    if (since !== undefined) session.condstore = true
    const { view, readOnly } = session.mailbox
    const wanted = withImplied(items, { uid, modSeq: since !== undefined, session })
    const fetchItems = wanted.map((one) => fetchItem(one, session))
    let targets = view.targets(session.numbers(set, { uid }), { uid, since })
    const marks = needsOf(fetchItems).seen === true && !readOnly
    const seen = marks ? await markSeen(session, targets) : undefined
    if (seen !== undefined)
      targets = view.targets(
        Array.from(targets.uids, (u): [number, number] => [u, u]),
        { uid: true },
      )
    const asksFlags = wanted.some(({ kind }) => kind === 'flags')
    const itemsOfMarked =
      seen === undefined ? fetchItems : withFlags(session, wanted).map((one) => fetchItem(one, session))
    await writeLines(session, targets, { items: fetchItems, marked: seen, itemsOfMarked })
    // Those flags have been told now.
    if (asksFlags || seen !== undefined) view.tellsFlagsOf(targets)
    const isPlain = isOneNumber(set) && !marks && since === undefined && modifiers.length === 0
    if (isPlain && line !== undefined && fetchItems.every(({ prepare }) => prepare === undefined))
      session.fetchesAlike.note({ line, uid, items: fetchItems, tellsFlags: asksFlags })
    return { text: 'Fetched' }
  },
})

const isOneNumber = ({ ranges, toLast, saved }: SequenceSet): boolean =>
  ranges.length === 1 && ranges[0]?.[0] === ranges[0]?.[1] && toLast === undefined && !saved

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

/** RFC 9051 §6.4.5: reading a body sets \Seen. The uids whose flags changed by it. */
async function markSeen(session: Session, targets: Targets): Promise<Set<number> | undefined> {
  const unseen: [number, number][] = []
  for (let i = 0; i < targets.length; i++)
    if (((targets.flags[i] as number) & systemFlags.seen) === 0)
      unseen.push([targets.uids[i] as number, targets.uids[i] as number])
  if (unseen.length === 0) return undefined
  const { mailbox } = session.mailbox
  const flags = { system: systemFlags.seen, keywords: [] }
  const { changed } = await session.account.setFlags(mailbox.id, unseen, { how: 'add', flags })
  await session.hear()
  return new Set(changed)
}
