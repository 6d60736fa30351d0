// COPY and MOVE with their UID forms. RFC 9051 §6.4.7, §6.4.8, RFC 6851; COPYUID from RFC 4315. What is gone is passed over,
// and the answer is OK (contract C10).

import { ImapError } from '@postern/imap-wire'
import { command } from '../command.js'
import { destination } from '../destination.js'
import { orTryCreate } from '../refusals.js'

export const copy = transfer('COPY')
export const move = transfer('MOVE')

function transfer(name: 'COPY' | 'MOVE') {
  return command(name, {
    in: ['selected'],
    uid: true,
    parse(p) {
      p.sp()
      const set = p.sequenceSet()
      p.sp()
      return { set, to: p.mailbox() }
    },
    async run(session, { set, to }, { uid }) {
      const { mailbox, view, readOnly } = session.mailbox
      if (name === 'MOVE' && readOnly)
        throw new ImapError('NO', 'The mailbox is open for reading only', { code: 'NOPERM' })
      const uids = Array.from(view.targets(session.numbers(set, { uid }), { uid }).uids, (one): [number, number] => [
        one,
        one,
      ])
      const target = await destination(session, to)
      if (uids.length === 0) return { text: 'There was nothing to do' }
      const { account } = session
      const work =
        name === 'COPY' ? account.copy(mailbox.id, uids, target.id) : account.move(mailbox.id, uids, target.id)
      const { uidValidity, from, to: copies } = await orTryCreate(work)
      if (from.length === 0) return { text: 'There was nothing to do' }
      const code = { name: 'COPYUID', uidValidity, from, to: copies } as const
      if (name === 'COPY') return { code, text: 'Copied' }
      // RFC 6851 §4.3: told before the expunges, so that the client can match them.
      session.out.status('*', { kind: 'OK', code, text: 'Moved' })
      if (!session.qresync) return { text: 'Moved' }
      // RFC 7162 §3.2: a move expunges.
      await session.hear()
      return { code: { name: 'HIGHESTMODSEQ', value: view.index.modSeq }, text: 'Moved' }
    },
  })
}
