// STORE and UID STORE. RFC 9051 §6.4.6; UNCHANGEDSINCE from RFC 7162 §3.1.3.

import { condstoreStoreModifiers, ImapError, storeAttFlags, storeModifiers } from '@postern/imap-wire'
import type { FlagsStored } from '@postern/mailbox-store'
import { command } from '../command.js'
import type { Session } from '../session.js'
import { writeFlags } from '../telling.js'

export const store = command('STORE', {
  in: ['selected'],
  uid: true,
  holdsNumbers: true,
  parse(p) {
    p.sp()
    const set = p.sequenceSet()
    p.sp()
    const modifiers = storeModifiers(p, condstoreStoreModifiers)
    return { set, since: modifiers.UNCHANGEDSINCE, change: storeAttFlags(p) }
  },
  async run(session, { set, since, change: { how, flags, silent } }, { uid }) {
    const { mailbox, view, readOnly } = session.mailbox
    if (readOnly) throw new ImapError('NO', 'The mailbox is open for reading only', { code: 'NOPERM' })
    if (since !== undefined) session.condstore = true
    const targets = view.targets(session.numbers(set, { uid }), { uid })
    const uids = Array.from(targets.uids, (one): [number, number] => [one, one])
    const untold = view.untold(targets.uids)
    const unchangedSince = since === undefined ? {} : { unchangedSince: since }
    const stored = await session.account.setFlags(mailbox.id, uids, { how, flags, ...unchangedSince })
    await view.hear()
    answer(session, { asked: targets.uids, untold, stored, silent, uid })
    if (stored.failed.length === 0) return { text: 'Stored' }
    const numbers = uid ? stored.failed : Array.from(stored.failed, (one) => view.numberOf(one))
    return { code: { name: 'MODIFIED', numbers }, text: 'Some were changed by others' }
  },
})

interface Stored {
  readonly asked: Uint32Array
  /** Whose flags somebody else changed before, and the client has not heard of it. */
  readonly untold: ReadonlySet<number>
  readonly stored: FlagsStored
  readonly silent: boolean
  readonly uid: boolean
}

/** Every message asked for is answered, changed or not; a silent client hears only of modseqs, if it knows them. */
function answer(session: Session, { asked, untold, stored, silent, uid }: Stored): void {
  const { view } = session.mailbox
  const failed = new Set(stored.failed)
  const changed = new Set(stored.changed)
  for (const one of asked) {
    if (failed.has(one)) continue
    if (!silent) writeFlags(view, session.out, { of: one, modSeq: session.condstore, uid })
    else if (session.condstore && changed.has(one)) writeModSeq(session, { uid: one, modSeq: stored.modSeq })
  }
  view.dropChanged(silent ? asked.filter((one) => !untold.has(one)) : asked, stored.modSeq)
}

/** RFC 7162 §3.1.3: `.SILENT` hides the flags, not the modseq. */
function writeModSeq({ out, mailbox }: Session, { uid, modSeq }: { uid: number; modSeq: number }): void {
  out.untagged().number(mailbox.view.numberOf(uid)).raw(' FETCH (UID ').number(uid)
  out.raw(' MODSEQ (').number(modSeq).raw('))').crlf()
}
