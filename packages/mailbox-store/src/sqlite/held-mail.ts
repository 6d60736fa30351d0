// What is held of inboxes under legal hold (held.ts), for who has ordered the hold: lists, and the messages themselves.

import type { FileBlobs } from '../blobs/file-blobs.js'
import type { By, Page } from '../directory/directory.js'
import { pageOf, pageSize } from '../directory/paging.js'
import { keywordSetShift, systemFlagMask } from '../messages/entries.js'
import { objectId } from '../messages/prepare.js'
import type { AccountId, MessageId } from '../model.js'
import { refuse } from '../refusals.js'
import type { Content, HeldFilter, HeldMail, HeldMessage } from '../store.js'
import { auditIn } from './audit.js'
import type { Connection } from './connection.js'
import { getInbox } from './directory-inboxes.js'
import type { KeywordNames } from './keywords.js'
import { messageContent } from './message-reads.js'
import type { Writer } from './writer.js'

interface HeldRow extends Omit<HeldMessage, 'flags' | 'emailId'> {
  readonly flags: number
  readonly hash: Uint8Array
}

export interface HeldParts {
  readonly db: Connection
  readonly blobs: FileBlobs
  readonly keywords: KeywordNames
  readonly writer: Writer
}

export class SqliteHeldMail implements HeldMail {
  readonly #db: Connection
  readonly #blobs: FileBlobs
  readonly #keywords: KeywordNames
  readonly #writer: Writer

  constructor({ db, blobs, keywords, writer }: HeldParts) {
    this.#db = db
    this.#writer = writer
    this.#blobs = blobs
    this.#keywords = keywords
  }

  async list({ account, ...page }: HeldFilter): Promise<Page<HeldMessage>> {
    const size = pageSize(page)
    const rows = this.#db.all<HeldRow>(
      `SELECT h.id, h.mailbox, h.uid_validity AS uidValidity, h.uid, h.flags, h.size, h.internal_date AS internalDate,
       h.save_date AS saveDate, h.gone_at AS goneAt, m.hash, m.header
       FROM held_message h JOIN message m ON m.id = h.message WHERE h.account = ? AND h.id > ? ORDER BY h.id LIMIT ?`,
      account,
      page.afterId ?? 0,
      size + 1,
    )
    return pageOf(
      rows.map((row) => this.#message(row)),
      size,
    )
  }

  noteExport(account: AccountId, { by }: By = {}): Promise<void> {
    return this.#writer.submit({
      flush: true,
      run: (tx) => {
        const { environment, publicId: object } = getInbox(tx.db, account)
        auditIn(tx, environment, { by, action: 'inbox.held.export', object })
      },
    })
  }

  async content(id: number): Promise<Content> {
    const row = this.#db.get<{ message: MessageId }>('SELECT message FROM held_message WHERE id = ?', id)
    const found = row && messageContent({ db: this.#db, blobs: this.#blobs, message: row.message })
    return found ?? refuse('not-found', 'That message is not held any more.')
  }

  #message({ flags, hash, ...row }: HeldRow): HeldMessage {
    return {
      ...row,
      flags: { system: flags & systemFlagMask, keywords: this.#keywords.of(flags >>> keywordSetShift) },
      emailId: objectId('M', hash),
    }
  }
}
