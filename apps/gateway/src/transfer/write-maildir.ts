// An export as Maildir++, as Dovecot keeps and reads it: INBOX in the folder itself, the others in folders whose names begin with a
// dot, flags and sizes in the names of the messages. With Dovecot's own files: its list of uids, so that a Dovecot that takes
// the folder over has the same uids and clients needn't fetch anything anew, the names of the keywords, and what is subscribed to.

import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeModifiedUtf7 } from '@postern/imap-wire'
import type { MailboxListing } from '@postern/mailbox-store'
import { noteLine, notesName } from './export-index.js'
import { FlatNames } from './file-names.js'
import { GatheredFile } from './gathered-file.js'
import type { ExportWriter, LeavingMessage, MailboxWriter } from './leaving.js'
import { ToLf } from './line-ends.js'
import { ownName, writeMaildirFlags } from './maildir-names.js'

export function maildirWriter(folder: string): ExportWriter {
  const names = new FlatNames()
  const folderOf = new Map<string, string>()
  return {
    async mailbox(listing) {
      const path = listing.name === 'INBOX' ? '.' : names.nameOf(listing.name)
      folderOf.set(listing.name, path)
      const home = join(folder, path)
      for (const part of ['cur', 'new', 'tmp']) await mkdir(join(home, part), { recursive: true, mode: 0o700 })
      if (path !== '.') await writeFile(join(home, 'maildirfolder'), '', { mode: 0o600 })
      return new MaildirMailbox({ path, home, listing, uids: await uidList(home, listing) })
    },
    async end(mailboxes, subscriptions) {
      const nameIn = (name: string): string =>
        folderOf.get(name)?.slice(1) ?? encodeModifiedUtf7(name.replaceAll('.', '_').replaceAll('/', '.'))
      const names = [...mailboxes.filter(({ subscribed }) => subscribed).map(({ name }) => name), ...subscriptions]
      const lines = names.map((name) => (name === 'INBOX' ? name : nameIn(name)))
      await writeFile(join(folder, 'subscriptions'), lines.map((line) => `${line}\n`).join(''), { mode: 0o600 })
    },
  }
}

async function uidList(home: string, { status, uidValidity }: MailboxListing): Promise<GatheredFile> {
  const uids = await GatheredFile.create(join(home, 'dovecot-uidlist'), join(home, 'tmp', 'dovecot-uidlist'))
  await uids.write(`3 V${uidValidity} N${status.uidNext} G${randomBytes(16).toString('hex')}\n`)
  return uids
}

interface MaildirParts {
  readonly path: string
  readonly home: string
  readonly listing: MailboxListing
  readonly uids: GatheredFile
}

class MaildirMailbox implements MailboxWriter {
  readonly path: string
  readonly #parts: MaildirParts
  readonly #keywords: string[] = []
  #notes: GatheredFile | undefined

  constructor(parts: MaildirParts) {
    this.path = parts.path
    this.#parts = parts
  }

  async add(message: LeavingMessage): Promise<void> {
    const { home, uids, listing } = this.#parts
    const { uid, flags, internalDate, shape } = message
    const file = shape.isPaired ? shape.size - shape.lines : shape.size
    const own = ownName({ uid, uidValidity: listing.uidValidity, internalDate })
    const base = `${own},S=${file},W=${shape.size + shape.bareLines}`
    const { text, isWhole } = writeMaildirFlags(flags, this.#keywords)
    await this.#write(message, { to: join(home, 'cur', `${base}${text}`), temporary: join(home, 'tmp', base) })
    await uids.write(`${uid} :${base}\n`)
    if (!isWhole || !shape.isPaired)
      await this.#note(noteLine({ file: base, flags: isWhole ? undefined : flags, isExact: !shape.isPaired }))
  }

  async #write(
    { shape, bytes, internalDate }: LeavingMessage,
    { to, temporary }: { to: string; temporary: string },
  ): Promise<void> {
    const file = await GatheredFile.create(to, temporary)
    try {
      const ends = shape.isPaired ? new ToLf() : undefined
      for await (const piece of bytes()) await file.write(ends?.piece(piece) ?? piece)
      await file.end({ isFlushed: false, modified: internalDate })
    } catch (error) {
      await file.abandon()
      throw error
    }
  }

  async #note(line: string): Promise<void> {
    const { home } = this.#parts
    this.#notes ??= await GatheredFile.create(join(home, notesName), join(home, 'tmp', notesName))
    await this.#notes.write(line)
  }

  async end(): Promise<void> {
    const { home, uids } = this.#parts
    await uids.end()
    await this.#notes?.end()
    if (this.#keywords.length === 0) return
    const lines = this.#keywords.map((keyword, i) => `${i} ${keyword}\n`)
    await writeFile(join(home, 'dovecot-keywords'), lines.join(''), { mode: 0o600 })
  }

  async abandon(): Promise<void> {
    await this.#parts.uids.abandon()
    await this.#notes?.abandon()
  }
}
