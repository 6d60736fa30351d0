// Where APPEND, COPY, MOVE and REPLACE put something. A mailbox that isn't there may be created, and the client is told so; but
// not by a login that can't put anything anywhere (contract B9, C12). RFC 9051 §6.3.12, §6.4.7.

import type { MailboxListing } from '@postern/mailbox-store'
import { mailboxNamed } from './commands/mailboxes.js'
import { tryCreate } from './refusals.js'
import type { Session } from './session.js'

export async function destination(session: Session, name: string): Promise<MailboxListing> {
  const { account } = session
  const found = await account.mailbox(name)
  if (account.rights.insert) return found ?? tryCreateFirst()
  // Refused before a message comes. Who is to be told OK all the same is told it of any name: INBOX stands for what isn't there.
  const target = found ?? (await mailboxNamed(session, 'INBOX'))
  await account.append(target.id, [])
  return target
}

const tryCreateFirst = (): never => {
  throw tryCreate()
}
