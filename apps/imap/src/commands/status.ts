// STATUS, and the items that it and LIST-STATUS write. RFC 9051 §6.3.11 and §7.3.4, RFC 8438 (SIZE), RFC 7162 §3.1.7.

import { named, type Parser } from '@postern/imap-wire'
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
  { name: 'RECENT', write: (mailbox, w, session) => void w.number(recentOf(mailbox, session)) },
]

/** RFC 3501 §6.3.10. Of the selected mailbox, those that are recent to this session. */
function recentOf({ id, status }: MailboxListing, { rev2, selected }: Session): number {
  if (rev2) return 0
  return selected?.mailbox.id === id ? selected.view.recentOf(status) : status.recent
}

export function parseStatusItems(p: Parser, session: Session): StatusItem[] {
  const names = session.context.registry.statusItems
  return [...new Set(p.list(() => named(p, { what: 'STATUS item', names })))]
}

export function writeStatus(session: Session, mailbox: MailboxListing, items: readonly StatusItem[]): void {
  const w = session.out
  w.untagged().raw('STATUS ').mailbox(mailbox.name).sp()
  w.list(items, (one) => {
    w.raw(one.name).sp()
    one.write(mailbox, w, session)
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
    writeStatus(session, await mailboxNamed(session, name), items)
    return { text: 'That is its status' }
  },
})
