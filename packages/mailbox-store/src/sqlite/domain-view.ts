// `*@domain`: the INBOXes of a domain as one mailbox (contract C12). They share a uid space, so that a message has the
// same uid and flags here and in its own inbox; a change made here is a change of that inbox.

import { uidSetOf } from '../messages/uid-set.js'
import {
  type AccountId,
  type DomainId,
  type MailboxId,
  type MailboxStatus,
  mergedInbox,
  type SpaceId,
  type UidSet,
} from '../model.js'
import { refuse } from '../refusals.js'
import type { Changes, DomainView, Expunged, FlagChange, FlagsStored, OpenMailbox } from '../store.js'
import { type AccountParts, changes } from './account.js'
import { spaceStatus } from './mailbox-reads.js'
import { expunge, setFlags } from './messages.js'
import type { Transaction } from './transaction.js'

interface Share {
  readonly account: AccountId
  readonly mailbox: MailboxId
  readonly uids: UidSet
}

export class SqliteDomainView implements DomainView {
  readonly id: DomainId
  readonly mailbox: MailboxId
  readonly #space: SpaceId
  readonly #parts: AccountParts

  constructor(id: DomainId, parts: AccountParts) {
    this.id = id
    this.#parts = parts
    const row = parts.db.get<{ space: SpaceId }>('SELECT space FROM domain WHERE id = ?', id)
    this.#space = row?.space ?? refuse('not-found', 'That domain is gone.')
    this.mailbox = mergedInbox(this.#space)
  }

  async objectId(): Promise<string> {
    const made = this.#parts.db.get<{ id: number | null }>(
      'SELECT object_id AS id FROM uid_space WHERE id = ?',
      this.#space,
    )?.id
    return made == null ? `Fd${this.id}` : `Fs${made}`
  }

  async status(): Promise<MailboxStatus> {
    return spaceStatus(this.#parts.db, this.#space)
  }

  async setFlags(uids: UidSet, store: FlagChange): Promise<FlagsStored> {
    const shares = await this.#shares(uids)
    const run = (tx: Transaction): FlagsStored => {
      const stored = shares.map((share) => setFlags(tx, { ...share, store }))
      return {
        modSeq: tx.space(this.#space).modSeq,
        changed: merged(stored.map(({ changed }) => changed)),
        failed: merged(stored.map(({ failed }) => failed)),
      }
    }
    return this.#parts.writer.submit({ run, flush: false })
  }

  async expunge(uids: UidSet): Promise<Expunged> {
    const shares = await this.#shares(uids)
    const run = (tx: Transaction): Expunged => {
      const expunged = shares.map((share) => expunge(tx, { ...share, always: false }))
      return { uids: merged(expunged.map((one) => one.uids)), modSeq: tx.space(this.#space).modSeq }
    }
    return this.#parts.writer.submit({ run, flush: true })
  }

  async changesSince(modSeq: number): Promise<Changes> {
    return changes(this.#parts, { space: this.#space }, modSeq)
  }

  async open(): Promise<OpenMailbox> {
    return this.#parts.open.open({
      scope: { space: this.#space },
      accounts: () => this.#accounts(),
      status: () => spaceStatus(this.#parts.db, this.#space),
    })
  }

  #accounts(): AccountId[] {
    return this.#parts.db.all<{ id: AccountId }>('SELECT id FROM inbox WHERE domain = ?', this.id).map(({ id }) => id)
  }

  /** Whose uids these are. A uid stays with its inbox for good, so that the answer still holds when the write runs. */
  async #shares(uids: UidSet): Promise<Share[]> {
    const open = await this.open()
    try {
      const byMailbox = new Map<number, number[]>()
      const { entries } = open.index
      for (const [from, to] of uids) {
        for (let i = entries.lowerBound(from); i < entries.length && (entries.uids[i] as number) <= to; i++) {
          const mailbox = open.index.mailboxAt(i) as number
          const own = byMailbox.get(mailbox)
          if (own === undefined) byMailbox.set(mailbox, [entries.uids[i] as number])
          else own.push(entries.uids[i] as number)
        }
      }
      return Array.from(byMailbox, ([mailbox, own]) => ({
        account: this.#ownerOf(mailbox),
        mailbox: mailbox as MailboxId,
        uids: uidSetOf(own),
      }))
    } finally {
      open.close()
    }
  }

  #ownerOf(mailbox: number): AccountId {
    const row = this.#parts.db.get<{ account: AccountId }>('SELECT account FROM mailbox WHERE id = ?', mailbox)
    return row?.account ?? refuse('no-such-mailbox', 'That mailbox is gone.')
  }
}

function merged(parts: readonly Uint32Array[]): Uint32Array {
  return Uint32Array.from(parts.flatMap((part) => Array.from(part))).sort()
}
