// The mail protocols' ways through the gate: their question in, and, for who is let in, what the protocol needs to serve him: IMAP a
// handle on the account that does what he may, SMTP who it is that sends (contract B4, B5, B9, C12).

import type { Admitted } from '@postern/auth'
import type { Login } from '@postern/imap'
import { type Account, domainAccount, limitedAccount, type Store } from '@postern/mailbox-store'
import type { Login as SubmissionLogin } from '@postern/submission'
import { comingAndGoing, enter, type LoginOptions } from './coming-and-going.js'
import type { DirectoryRecords } from './directory-lookups.js'
import { LastUses } from './last-uses.js'

export function createLogin(options: LoginOptions): Login {
  const lastUses = new LastUses(options)
  return async ({ remoteAddress, ...proof }) => {
    const entering = await enter(options, { ...proof, protocol: 'imap', address: remoteAddress })
    const account = entering && accountFor(options.store(), entering.admitted)
    return entering && account && { account, ...comingAndGoing({ ...options, lastUses }, entering) }
  }
}

export function createSubmissionLogin(options: LoginOptions): SubmissionLogin {
  const lastUses = new LastUses(options)
  return async ({ remoteAddress, ...proof }) => {
    const entering = await enter(options, { ...proof, protocol: 'smtp', address: remoteAddress })
    const { place, credential } = entering?.admitted ?? {}
    if (entering === undefined || place === undefined) return undefined
    const { inbox, domain } = place
    return { sender: { credential, inbox, domain }, ...comingAndGoing({ ...options, lastUses }, entering) }
  }
}

/** The whole account or the domain's merged INBOX, and in front of it what `imap:read` leaves of it. */
function accountFor(store: Store, { place, rights }: Admitted<DirectoryRecords>): Account | undefined {
  if (place === undefined) return undefined
  const account =
    place.inbox === undefined ? domainAccount(store.domainView(place.domain.id)) : store.account(place.inbox.id)
  return rights.imap === 'full' ? account : limitedAccount(account, { quietly: rights.imap === 'read-quietly' })
}
