// RFC 8440, and MYRIGHTS of RFC 4314 §3.5, for own rights: an account's mailboxes are its own. All is allowed there but
// administering them, since there is nobody to share with; "c" and "d" stand for "kx" and "xte" (RFC 4314 §2.1.1).
//
//   myrights = "MYRIGHTS" SP mailbox

import type { Writer } from '@postern/imap-wire'
import { command } from '../command.js'
import { mailboxNamed } from '../commands/mailboxes.js'
import type { Extension, ListReturn } from '../extension.js'

const ownRights = 'lrswipkxtecd'

function writeRights({ name }: { readonly name: string }, w: Writer): void {
  w.untagged().raw('MYRIGHTS ').mailbox(name).sp().astring(ownRights).crlf()
}

const command_ = command('MYRIGHTS', {
  in: ['authenticated', 'selected'],
  parse(p) {
    p.sp()
    return p.mailbox()
  },
  async run(session, name) {
    writeRights(await mailboxNamed(session, name), session.out)
    return { text: 'Those are yours' }
  },
})

const listReturn: ListReturn = { name: 'MYRIGHTS', write: writeRights }

export const myRights: Extension = {
  capability: 'LIST-MYRIGHTS',
  rfc: 'RFC 8440',
  commands: [command_],
  listReturns: [listReturn],
}
