// STORE and UID STORE. RFC 9051 §6.4.6; UNCHANGEDSINCE from RFC 7162 §3.1.3.

import { condstoreStoreModifiers, ImapError, storeAttFlags, storeModifiers } from '@postern/imap-wire'
import { type FlagsStored, uidSetOf } from '@postern/mailbox-store'
import { command, type Done } from '../command.js'
import type { Session } from '../session.js'
import { writeFlags } from '../telling.js'
import type { View } from '../view.js'

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
  begin(session, { set, since, change: { how, flags, silent } }, { uid }) {
    const { mailbox, view, readOnly } = session.mailbox
    if (readOnly) throw new ImapError('NO', 'The mailbox is open for reading only', { code: 'NOPERM' })
    const asked = view.uidsIn(session.numbers(set, { uid }), { uid })
    const unchangedSince = since === undefined ? {} : { unchangedSince: since }
    const work = session.account.setFlags(mailbox.id, uidSetOf(asked), { how, flags, ...unchangedSince })
    return work.then((stored) => {
      if (stored.changed.length > 0) view.hasMade(stored.modSeq)
      return () => {
        if (since !== undefined) session.condstore = true
        view.keywords.note(stored.changed)
        session.tellKeywords()
        answer(session, { asked, stored, silent, uid })
        return doneOf(view, { stored, uid })
      }
    })
  },
})

function doneOf(view: View, { stored: { failed }, uid }: Pick<Stored, 'stored' | 'uid'>): Done {
  if (failed.length === 0) return { text: 'Stored' }
  const numbers = uid ? failed : Array.from(failed, (one) => view.numberOf(one))
  return { code: { name: 'MODIFIED', numbers }, text: 'Some were changed by others' }
}

interface Stored {
  readonly asked: Uint32Array
  readonly stored: FlagsStored
  readonly silent: boolean
  readonly uid: boolean
}

/** Every message asked for is answered, changed or not; a silent client hears only of modseqs, if it knows them. */
function answer(session: Session, { asked, stored, silent, uid }: Stored): void {
  const { view } = session.mailbox
  const { condstore } = session
  if (silent) {
    if (condstore) for (const one of stored.changed) writeModSeq(session, { uid: one, modSeq: stored.modSeq })
    return
  }
  const failed = new Set(stored.failed)
  const told = failed.size === 0 ? asked : asked.filter((one) => !failed.has(one))
  for (const one of told) writeFlags(view, session.out, { of: one, modSeq: condstore, uid })
  view.tellsFlags(told)
}

/** RFC 7162 §3.1.3: `.SILENT` hides the flags, not the modseq. */
function writeModSeq({ out, mailbox }: Session, { uid, modSeq }: { uid: number; modSeq: number }): void {
  out.untagged().number(mailbox.view.numberOf(uid)).raw(' FETCH (UID ').number(uid)
  out.raw(' MODSEQ (').number(modSeq).raw('))').crlf()
}
