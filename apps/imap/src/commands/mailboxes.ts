// CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE. RFC 9051 §6.3.4–6.3.8; special use on CREATE from RFC 6154 §3.

import { createParams, ImapError, type Parser, useCreateParam } from '@postern/imap-wire'
import { delimiter, type MailboxListing, type SpecialUse } from '@postern/mailbox-store'
import { command } from '../command.js'
import type { Session } from '../session.js'

const uses = ['\\Sent', '\\Drafts', '\\Trash', '\\Junk', '\\Archive', '\\Flagged', '\\All', '\\Important'] as const
const uncreatable = ['\\Flagged', '\\All', '\\Important']

const inAccount = ['authenticated', 'selected'] as const
const named = (p: Parser): string => {
  p.sp()
  return p.mailbox()
}

export async function mailboxNamed(session: Session, name: string): Promise<MailboxListing> {
  const found = await session.account.mailbox(name)
  if (found === undefined) throw noSuchMailbox()
  return found
}

const noSuchMailbox = (): ImapError => new ImapError('NO', 'There is no such mailbox', { code: 'NONEXISTENT' })

export const create = command('CREATE', {
  in: inAccount,
  parse: (p) => ({ name: named(p), use: createParams(p, useCreateParam).USE }),
  async run(session, { name, use = [] }) {
    const id = await session.account.createMailbox(name, specialUse(use))
    const made = await session.account.mailbox(name)
    if (made?.id !== id) return { text: 'Created' }
    return { code: { name: 'MAILBOXID', id: made.objectId }, text: 'Created' }
  },
})

function specialUse(names: readonly string[]): { specialUse?: SpecialUse } {
  if (names.length === 0) return {}
  const use = uses.find((one) => one.toLowerCase() === names[0]?.toLowerCase())
  if (names.length > 1 || use === undefined || uncreatable.includes(use))
    throw new ImapError('NO', 'A mailbox cannot be made for that use', { code: 'USEATTR' })
  return { specialUse: use }
}

export const remove = command('DELETE', {
  in: inAccount,
  parse: named,
  async run(session, name) {
    const { id } = await mailboxNamed(session, name)
    await session.account.deleteMailbox(id)
    // Who has it selected is no longer in it; others hear of it at their next command.
    if (session.selected?.mailbox.id === id) session.leaveMailbox()
    return { text: 'Deleted' }
  },
})

export const rename = command('RENAME', {
  in: inAccount,
  parse: (p) => ({ from: named(p), to: named(p) }),
  async run(session, { from, to }) {
    await session.account.renameMailbox((await mailboxNamed(session, from)).id, to)
    return { text: 'Renamed' }
  },
})

const isBelow = (name: string, above: string): boolean => name.startsWith(above + delimiter)

export const subscribe = command('SUBSCRIBE', {
  in: inAccount,
  parse: named,
  async run(session, name) {
    // RFC 9051 §6.3.7: a server MAY look whether it's there, as a mailbox or as a level above one.
    const isThere = (await session.account.mailbox(name)) !== undefined
    const isLevel = isThere || (await session.account.mailboxes()).some((one) => isBelow(one.name, name))
    if (!isLevel) throw noSuchMailbox()
    await session.account.subscribe(name)
    return { text: 'Subscribed' }
  },
})

export const unsubscribe = command('UNSUBSCRIBE', {
  in: inAccount,
  parse: named,
  async run(session, name) {
    await session.account.unsubscribe(name)
    return { text: 'Unsubscribed' }
  },
})
