// RFC 8440, and MYRIGHTS of RFC 4314 §3.5, for own rights: what the login may do, in every mailbox alike. Nobody may
// administer them, since there is nobody to share with; "c" and "d" stand for any of "kx" and of "xte" (RFC 4314 §2.1.1).
//
//   myrights = "MYRIGHTS" SP mailbox

import type { Writer } from '@postern/imap-wire'
import { type AccountRights, systemFlag } from '@postern/mailbox-store'
import { command } from '../command.js'
import { mailboxNamed } from '../commands/mailboxes.js'
import type { Extension, ListReturn } from '../extension.js'
import type { Session } from '../session.js'

function ownRights({ flags, expunge, insert, mailboxes }: AccountRights): string {
  const has: readonly (readonly [letters: string, granted: boolean])[] = [
    ['lr', true],
    ['s', (flags & systemFlag.seen) !== 0],
    ['w', (flags & ~(systemFlag.seen | systemFlag.deleted)) !== 0],
    ['ip', insert],
    ['kx', mailboxes],
    ['t', (flags & systemFlag.deleted) !== 0],
    ['e', expunge],
    ['c', mailboxes],
    ['d', mailboxes || expunge],
  ]
  return has.flatMap(([letters, granted]) => (granted ? letters : [])).join('')
}

function writeRights({ name }: { readonly name: string }, w: Writer, { account }: Session): void {
  w.untagged().raw('MYRIGHTS ').mailbox(name).sp().astring(ownRights(account.rights)).crlf()
}

const command_ = command('MYRIGHTS', {
  in: ['authenticated', 'selected'],
  parse(p) {
    p.sp()
    return p.mailbox()
  },
  async run(session, name) {
    writeRights(await mailboxNamed(session, name), session.out, session)
    return { text: 'Those are yours' }
  },
})

const listReturn: ListReturn = { name: 'MYRIGHTS', write: writeRights }

export const myRights: Extension = {
  capability: 'LIST-MYRIGHTS',
  rfc: 'RFC 8440',
  what: 'LIST says what one may do with each mailbox, MYRIGHTS with one.',
  commands: [command_],
  listReturns: [listReturn],
}
