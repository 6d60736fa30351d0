// An account for somebody who may read and mark its mail and change nothing else: `imap:read` (contract B9), for every
// protocol. What it may not do is refused as `not-permitted`; or, for clients that can't take a refusal, nothing is done
// and the answer is one that says so: no message, no uid, no mailbox. It stands in front of an account's or a domain's handle.

import { untoldUids } from '../messages/untold-uids.js'
import type { MailboxId } from '../model.js'
import { refuse } from '../refusals.js'
import type { Account, Appended, Copied, Expunged, FlagChange, FlagsStored, Replaced } from '../store.js'
import { allRights, markingRights } from './rights.js'

const none = new Uint8Array(0)
const noUids = (): Uint32Array => Uint32Array.from(none)

/** `quietly`: what isn't permitted is answered as if it were done. */
export function limitedAccount(account: Account, { quietly }: { readonly quietly: boolean }): Account {
  const instead = async <Result>(answer: () => Result | Promise<Result>): Promise<Result> =>
    quietly ? answer() : refuse('not-permitted', 'This login may read mail and mark it, and nothing else.')
  const unchanged = async (mailbox: MailboxId): Promise<Expunged> => {
    const { highestModSeq } = await account.status(mailbox)
    return { uids: noUids(), modSeq: highestModSeq }
  }
  const nothingCopied = async (): Promise<Copied> => ({ uidValidity: 0, from: noUids(), to: noUids() })
  return {
    id: account.id,
    rights: markingRights,
    mailboxes: () => account.mailboxes(),
    mailbox: (name) => account.mailbox(name),
    subscriptions: () => account.subscriptions(),
    status: (mailbox) => account.status(mailbox),
    changesSince: (mailbox, modSeq) => account.changesSince(mailbox, modSeq),
    vanishedSince: (mailbox, modSeq) => account.vanishedSince(mailbox, modSeq),
    open: (mailbox) => account.open(mailbox),
    claimRecent: async (mailbox, upTo) => untoldUids(await account.status(mailbox), upTo),
    quota: () => account.quota(),

    async setFlags(mailbox, uids, change): Promise<FlagsStored> {
      const { system } = change.flags
      if ((system & ~markingRights.flags) !== 0 && !quietly)
        return refuse('not-permitted', 'This login may set \\Seen, \\Flagged and keywords, and no other flag.')
      return account.setFlags(mailbox, uids, permitted(change))
    },

    createMailbox: () => instead(() => 0 as MailboxId),
    renameMailbox: (mailbox) => instead(() => mailbox),
    deleteMailbox: () => instead(() => undefined),
    setSpecialUse: () => instead(() => undefined),
    subscribe: () => instead(() => undefined),
    unsubscribe: () => instead(() => undefined),
    append: () => instead((): Appended => ({ uidValidity: 0, uids: noUids(), modSeq: 0 })),
    expunge: (mailbox) => instead(() => unchanged(mailbox)),
    remove: (mailbox) => instead(() => unchanged(mailbox)),
    copy: () => instead(nothingCopied),
    move: () => instead(nothingCopied),
    replace: () => instead((): Replaced => ({ uidValidity: 0, uid: 0, modSeq: 0 })),
  }
}

/** Of what the change names, what may be marked; every other flag stays as it is. */
function permitted({ flags, ...change }: FlagChange): FlagChange {
  const system = flags.system & markingRights.flags
  return { ...change, flags: { ...flags, system }, keep: allRights.flags & ~markingRights.flags }
}
