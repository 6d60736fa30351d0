// STATUS, and the items that it and LIST-STATUS write. RFC 9051 §6.3.11 and §7.3.4, RFC 8438 (SIZE), RFC 7162 §3.1.7.

import { named, type Parser, type Writer } from '@postern/imap-wire'
import type { MailboxListing } from '@postern/mailbox-store'
import { command } from '../command.js'
import type { StatusItem } from '../extension.js'
import type { Session } from '../session.js'
import { mailboxNamed } from './mailboxes.js'

const item = (name: string, of: (mailbox: MailboxListing) => number): StatusItem => ({
  name,
  write: (mailbox, w) => void w.number(of(mailbox)),
})

export const statusItems: readonly StatusItem[] = [
  item('MESSAGES', ({ status }) => status.messages),
  item('UIDNEXT', ({ status }) => status.uidNext),
  item('UIDVALIDITY', ({ uidValidity }) => uidValidity),
  item('UNSEEN', ({ status }) => status.unseen),
  item('DELETED', ({ status }) => status.deleted),
  item('SIZE', ({ status }) => status.bytes),
  item('RECENT', () => 0),
]

export function parseStatusItems(p: Parser, session: Session): StatusItem[] {
  const names = session.context.registry.statusItems
  return [...new Set(p.list(() => named(p, { what: 'STATUS item', names })))]
}

export function writeStatus(w: Writer, mailbox: MailboxListing, items: readonly StatusItem[]): void {
  w.untagged().raw('STATUS ').mailbox(mailbox.name).sp()
  w.list(items, (one) => {
    w.raw(one.name).sp()
    one.write(mailbox, w)
  })
  w.crlf()
}

export const status = command('STATUS', {
  in: ['authenticated', 'selected'],
  parse(p, session) {
    p.sp()
    const name = p.mailbox()
    p.sp()
    return { name, items: parseStatusItems(p, session) }
  },
  async run(session, { name, items }) {
    if (items.some((one) => one.name === 'HIGHESTMODSEQ')) session.condstore = true
    writeStatus(session.out, await mailboxNamed(session, name), items)
    return { text: 'That is its status' }
  },
})
