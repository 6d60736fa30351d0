// RFC 8508: a message takes the place of another, in one commit. It streams in as with APPEND; which message goes is
// settled before the literal, since a number means what it means when the command is given.
//
//   replace = "REPLACE" SP seq-number SP mailbox append-message

import { appendMessage, ImapError, sequenceSet } from '@postern/imap-wire'
import { command, type Done } from '../command.js'
import { following, refusalOf, take } from '../commands/append.js'
import { submissionsSettled } from '../commands/sent-copy.js'
import { destination } from '../destination.js'
import type { Extension } from '../extension.js'
import { orTryCreate } from '../refusals.js'

const command_ = command('REPLACE', {
  in: ['selected'],
  uid: true,
  streams: true,
  wordsBeforeMailbox: 1,
  parse(p) {
    p.sp()
    const number = p.seqNumber()
    p.sp()
    const name = p.mailbox()
    return { p, number, name, message: appendMessage(p) }
  },
  async run(session, { p, number, name, message }, { uid }): Promise<Done> {
    const { mailbox, view, readOnly } = session.mailbox
    if (readOnly) throw new ImapError('NO', 'The mailbox is open for reading only', { code: 'NOPERM' })
    const old = view.targets(session.numbers(sequenceSet([number, number]), { uid }), { uid }).uids[0]
    if (old === undefined) throw new ImapError('NO', 'That message is gone', { code: 'NONEXISTENT' })
    const target = await destination(session, name)
    const refusal = refusalOf(session, message, 0)
    if (refusal !== undefined) throw refusal
    const taken = await take(session, message)
    if ((await following(session, p, message)) !== undefined) throw new ImapError('BAD', 'One message replaces one')
    await submissionsSettled(session, target, [taken])
    const replaced = await orTryCreate(session.account.replace(mailbox.id, old, target.id, taken))
    // Contract B9: a login that may not replace, and is told OK all the same.
    if (replaced.uid === 0) return { text: 'Replaced' }
    // RFC 8508 §4.3: before the expunge, so that the client knows the new message when it hears that the old one went.
    const code = { name: 'APPENDUID', uidValidity: replaced.uidValidity, uids: [replaced.uid] } as const
    session.out.status('*', { kind: 'OK', code, text: 'The replacement is there' })
    if (!session.qresync) return { text: 'Replaced' }
    return { code: { name: 'HIGHESTMODSEQ', value: replaced.modSeq }, text: 'Replaced' }
  },
})

export const replace: Extension = {
  capability: 'REPLACE',
  rfc: 'RFC 8508',
  what: 'A message takes the place of another in one step.',
  commands: [command_],
}
