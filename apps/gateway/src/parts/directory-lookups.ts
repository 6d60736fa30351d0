// What a login asks of the directory, in the directory's own words: addresses and names in any spelling, but exactly those
// (contract B6): an alias, a `+detail` or another name of a domain receives mail and opens nothing.

import type { Lookups, Place } from '@postern/auth'
import {
  type AccountId,
  type Credential,
  type Domain,
  type Inbox,
  type Store,
  tryParseAddress,
} from '@postern/mailbox-store'
import { foundOrNot } from '../found-or-not.js'

/** The records as they come back from a login. */
export interface DirectoryRecords {
  readonly credential: Credential
  readonly inbox: Inbox
  readonly domain: Domain
}

export function directoryLookups(store: () => Store): Lookups<DirectoryRecords> {
  const directory = () => store().directory
  return {
    secret: (publicPart) => directory().findSecret(publicPart),
    async inboxAt(address): Promise<Place<DirectoryRecords> | undefined> {
      const resolved = await directory().findAddress(address)
      return resolved?.via === 'address' ? { inbox: resolved.inbox, domain: resolved.domain } : undefined
    },
    async inbox(id): Promise<Place<DirectoryRecords> | undefined> {
      const inbox = await foundOrNot(directory().getInbox(id as AccountId))
      return inbox && { inbox, domain: await directory().getDomain(inbox.domain) }
    },
    async domainNamed(name) {
      const clean = tryParseAddress(`x@${name}`)?.domain
      const domain = clean === undefined ? undefined : await directory().findDomain(clean)
      return domain?.name === clean ? domain : undefined
    },
  }
}
