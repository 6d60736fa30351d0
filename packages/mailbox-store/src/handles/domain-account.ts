// `*@domain` as an account like any other, with INBOX alone (contract C12): what is read, flagged and expunged there is the
// single inboxes' own. Nothing is put into it and no mailbox is made beside it, since it has no place of its own to keep
// either.

import type { AccountId, MailboxId } from '../model.js'
import { refuse } from '../refusals.js'
import type { Account, DomainView, MailboxListing } from '../store.js'
import { domainRights } from './rights.js'

const isInbox = (name: string): boolean => name.toUpperCase() === 'INBOX'

export function domainAccount(view: DomainView): Account {
  const listing = async (): Promise<MailboxListing> => {
    const [status, objectId] = await Promise.all([view.status(), view.objectId()])
    return {
      id: view.mailbox,
      account: 0 as AccountId,
      name: 'INBOX',
      specialUse: undefined,
      subscribed: true,
      objectId,
      uidValidity: status.uidValidity,
      status,
    }
  }
  const cannot = async (): Promise<never> =>
    refuse('merged-inbox', 'This INBOX is made of the inboxes of a domain: nothing can be put into it.')
  const own = (mailbox: MailboxId): void => {
    if (mailbox !== view.mailbox) refuse('no-such-mailbox', 'That mailbox is gone.')
  }
  const of = <Rest extends unknown[], Result>(run: (...rest: Rest) => Promise<Result>) => {
    return async (mailbox: MailboxId, ...rest: Rest): Promise<Result> => {
      own(mailbox)
      return run(...rest)
    }
  }
  return {
    id: 0 as AccountId,
    rights: domainRights,
    mailboxes: async () => [await listing()],
    mailbox: async (name) => (isInbox(name) ? listing() : undefined),
    subscriptions: async () => ['INBOX'],
    status: of(() => view.status()),
    setFlags: of((uids, change) => view.setFlags(uids, change)),
    expunge: of((uids) => view.expunge(uids)),
    changesSince: of((modSeq) => view.changesSince(modSeq)),
    vanishedSince: of(async (modSeq) => (await view.changesSince(modSeq)).vanished),
    open: of(() => view.open()),
    // It's told in its own inbox, whose session it was sent to.
    claimRecent: of(async () => []),
    async quota() {
      const { bytes, messages } = await view.status()
      return { bytes: { used: bytes, limit: undefined }, messages: { used: messages, limit: undefined } }
    },
    // Clients subscribe to what they show; it is subscribed.
    subscribe: async (name) => (isInbox(name) ? undefined : cannot()),
    unsubscribe: cannot,
    createMailbox: cannot,
    renameMailbox: cannot,
    deleteMailbox: cannot,
    setSpecialUse: cannot,
    append: cannot,
    remove: cannot,
    copy: cannot,
    move: cannot,
    replace: cannot,
  }
}
