// What a mailbox holds already, by the bytes: the hash that EMAILID is made of (RFC 8474). Read once, and kept up while mail comes in.

import { type Account, emailIdOf, type MailboxId } from '@postern/mailbox-store'

export class Duplicates {
  readonly #uids: Map<string, number>

  private constructor(uids: Map<string, number>) {
    this.#uids = uids
  }

  static async in(account: Account, mailbox: MailboxId | undefined): Promise<Duplicates> {
    const uids = new Map<string, number>()
    if (mailbox === undefined) return new Duplicates(uids)
    const open = await account.open(mailbox)
    try {
      const { entries } = open.index
      const messages = entries.messages.slice(0, entries.length)
      const all = entries.uids.slice(0, entries.length)
      let at = 0
      for await (const rows of open.rows(messages, { ids: true })) {
        for (const { message, emailId } of rows) {
          while (messages[at] !== message) at++
          uids.set(emailId, all[at] as number)
        }
      }
    } finally {
      open.close()
    }
    return new Duplicates(uids)
  }

  /** The uid that has these bytes; 0 for one that is on its way in. */
  find(hash: Uint8Array): number | undefined {
    return this.#uids.get(emailIdOf(hash))
  }

  add(hash: Uint8Array): void {
    const id = emailIdOf(hash)
    if (!this.#uids.has(id)) this.#uids.set(id, 0)
  }
}
