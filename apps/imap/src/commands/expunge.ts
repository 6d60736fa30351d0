// EXPUNGE and UID EXPUNGE. RFC 9051 §6.4.3, §6.4.9, RFC 7162 §3.2.7, §3.2.9. The view tells what went.

import { ImapError, type SequenceSet } from '@postern/imap-wire'
import { command } from '../command.js'

export const expunge = command('EXPUNGE', {
  in: ['selected'],
  uid: true,
  parse: (p): SequenceSet | undefined => (p.trySp() ? p.sequenceSet() : undefined),
  async run(session, set, { uid }) {
    const { mailbox, view, readOnly } = session.mailbox
    if (uid !== (set !== undefined)) throw new ImapError('BAD', 'EXPUNGE takes no set, UID EXPUNGE needs one')
    if (readOnly) throw new ImapError('NO', 'The mailbox is open for reading only', { code: 'NOPERM' })
    const within = set === undefined ? view.toldUids : view.known(session.numbers(set, { uid: true }))
    const { uids, modSeq } = await session.account.expunge(mailbox.id, within)
    if (!session.qresync || uids.length === 0) return { text: 'Expunged' }
    return { code: { name: 'HIGHESTMODSEQ', value: modSeq }, text: 'Expunged' }
  },
})
