// An import: each mailbox of a source has its place among ours, and what arrives in it goes there in its order, with flags and
// dates. Nothing else happens to it: no rules, no answers, nothing is sent. What of it needn't come, because it's there or came
// before, is counted and left out.

import { createHash } from 'node:crypto'
import {
  type Account,
  type ImportOrigin,
  type MailboxId,
  noFlags,
  type Store,
  StoreRefusal,
} from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import type { Arrival, ArrivingMailbox, ArrivingMessage, BroughtBefore, MailSource } from './arriving.js'
import { Duplicates } from './duplicates.js'
import { flagsBetween, flagsOfText, flagsText, isNoFlag } from './flag-words.js'
import { type BatchTarget, IncomingBatch, type Staged } from './incoming-batch.js'
import { type Place, Placing } from './placing.js'
import { type MailboxCounts, Tally } from './report.js'

export interface ImportOptions {
  readonly into: string | undefined
  readonly keepFlags: boolean
  readonly skipDuplicates: boolean
  readonly dryRun: boolean
  readonly messageBytesMax: number
  /** Told after each message. */
  readonly onProgress: (tally: Tally, mailbox: string) => void
}

/** Ends early where the inbox is full or the store in trouble: the tally says why, and what has come stays. */
export async function importMail(
  store: Store,
  source: MailSource,
  options: ImportOptions & { readonly account: Account },
): Promise<Tally> {
  const tally = new Tally()
  try {
    await new Importer(store, tally, options).run(source)
  } catch (error) {
    if (error instanceof Failure && tally.mailboxes.length > 0) {
      tally.stopped = { name: error.failure, message: error.message, fix: error.fix }
      return tally
    }
    if (!(error instanceof StoreRefusal)) throw error
    const { code, message, fix } = error
    const usual =
      'Then import again: what is there is known where the source is a server, and by --skip-duplicates elsewhere.'
    tally.stopped = {
      name: code.replaceAll('-', '_'),
      message,
      fix: `${fix ?? remedies[code] ?? 'Run `postern verify`.'} ${usual}`,
    }
  } finally {
    await source.close?.()
  }
  return tally
}

const remedies: Readonly<Record<string, string>> = {
  'over-quota': 'Give the inbox more room: `postern inbox update <address> --quota <size>`.',
  'disk-full': 'Make room on the disk.',
}

class Importer {
  readonly #store: Store
  readonly #account: Account
  readonly #tally: Tally
  readonly #options: ImportOptions
  readonly #placing: Placing

  constructor(store: Store, tally: Tally, options: ImportOptions & { readonly account: Account }) {
    this.#store = store
    this.#account = options.account
    this.#tally = tally
    this.#options = options
    this.#placing = new Placing(options.account, options)
  }

  async run(source: MailSource): Promise<void> {
    for await (const mailbox of source.mailboxes()) {
      if ('kind' in mailbox) mailbox.kind === 'failed' ? this.#tally.fail(mailbox) : this.#tally.note(mailbox)
      else await this.#mailbox(mailbox)
    }
    await this.#placing.subscribe((await source.subscriptions?.()) ?? [])
  }

  async #mailbox(mailbox: ArrivingMailbox): Promise<void> {
    const place = await this.#placing.placeOf(mailbox)
    const origin = mailbox.origin && { account: this.#account.id, ...mailbox.origin }
    const mayBeHere = origin !== undefined && (await this.#store.imports.broughtOtherwise(origin))
    const duplicates =
      this.#options.skipDuplicates || mayBeHere ? await Duplicates.in(this.#account, place.id) : undefined
    const into = new MailboxImport({ ...this.#parts(), place, origin, duplicates })
    await into.run(mailbox)
  }

  #parts() {
    return { store: this.#store, account: this.#account, tally: this.#tally, options: this.#options }
  }
}

interface MailboxImportParts {
  readonly store: Store
  readonly account: Account
  readonly tally: Tally
  readonly options: ImportOptions
  readonly place: Place
  readonly origin: ImportOrigin | undefined
  readonly duplicates: Duplicates | undefined
}

class MailboxImport implements Omit<BatchTarget, 'mailbox'> {
  readonly #parts: MailboxImportParts
  readonly #counts: MailboxCounts

  constructor(parts: MailboxImportParts) {
    this.#parts = parts
    this.#counts = parts.tally.of(parts.place.name)
  }

  async run(mailbox: ArrivingMailbox): Promise<void> {
    const { store, origin, options, tally, place } = this.#parts
    const before: BroughtBefore = async (range) => {
      const known = origin === undefined ? [] : await store.imports.brought(origin, range)
      this.#counts.before += known.length
      return known
    }
    const isReal = !options.dryRun && place.id !== undefined
    const batch = isReal ? new IncomingBatch(Object.assign(this, { mailbox: place.id as MailboxId })) : undefined
    try {
      for await (const arrival of mailbox.arrivals(before)) {
        await this.#take(arrival, batch)
        options.onProgress(tally, place.name)
      }
    } finally {
      // Also where the source breaks off: what has come stays.
      await batch?.end()
    }
  }

  async #take(arrival: Arrival, batch: IncomingBatch | undefined): Promise<void> {
    const { tally } = this.#parts
    if (arrival.kind === 'failed') tally.fail(arrival, this.#counts)
    else if (arrival.kind === 'passed-over') tally.note(arrival)
    else if (arrival.kind === 'flags') await this.#changeFlags(arrival)
    else if (batch === undefined) await this.#look(arrival.message)
    else await batch.add(arrival.message)
  }

  stage(bytes: ArrivingMessage['bytes']) {
    return this.#parts.store.stage(bytes)
  }

  wants({ arriving, message }: Staged): boolean {
    const { duplicates } = this.#parts
    const uid = duplicates?.find(message.hash)
    if (uid === undefined) {
      duplicates?.add(message.hash)
      return true
    }
    this.#counts.duplicates++
    this.#noteHere(arriving, uid)
    return false
  }

  /** By its uid at the source it's known from now on. */
  #noteHere({ sourceUid, flags }: ArrivingMessage, uid: number): void {
    const { origin, store, place } = this.#parts
    if (origin === undefined || sourceUid === undefined || place.id === undefined) return
    const here = { sourceUid, mailbox: place.id, uid, seenFlags: flagsText(flags) }
    // Where that fails the message is compared again the next time.
    store.imports.noteHere(origin, [here]).catch(() => undefined)
  }

  async append(mailbox: MailboxId, messages: readonly Staged[]): Promise<number> {
    const { store, account, origin, options } = this.#parts
    const now = Math.floor(Date.now() / 1000)
    const appends = messages.map(({ arriving, message }) => ({
      ...{ message, flags: options.keepFlags ? arriving.flags : noFlags, internalDate: arriving.internalDate ?? now },
      ...{ sourceUid: arriving.sourceUid ?? 0, seenFlags: flagsText(arriving.flags) },
    }))
    if (origin !== undefined) return (await store.imports.append(origin, mailbox, appends)).appended
    await account.append(mailbox, appends)
    return messages.length
  }

  appended(messages: readonly Staged[], fresh: number): void {
    this.#counts.imported += fresh
    this.#counts.before += messages.length - fresh
    for (const { message } of messages) this.#counts.bytes += message.size
  }

  refused({ place }: ArrivingMessage, { message }: StoreRefusal): void {
    this.#parts.tally.fail({ place, why: message }, this.#counts)
  }

  withoutKeywords({ place }: ArrivingMessage): void {
    this.#parts.tally.withoutKeywords++
    this.#parts.tally.note({ place, why: 'it came without its keywords: the inbox has used too many combinations' })
  }

  /** What changed at the source is changed here; what was changed here stays. */
  async #changeFlags({ brought, flags }: Extract<Arrival, { kind: 'flags' }>): Promise<void> {
    const { origin, store, account, options } = this.#parts
    if (origin === undefined || !options.keepFlags) return
    this.#counts.flags_changed++
    if (options.dryRun) return
    const { added, removed } = flagsBetween(flagsOfText(brought.seenFlags), flags)
    const uids = [[brought.uid, brought.uid]] as const
    const change = async (how: 'add' | 'remove', these: typeof flags): Promise<void> => {
      if (!isNoFlag(these)) await account.setFlags(brought.mailbox, uids, { how, flags: these })
    }
    try {
      await change('add', added)
      await change('remove', removed)
    } catch (error) {
      // Its mailbox is gone here, or its keywords are too many: the flags stay as they are.
      if (!(error instanceof StoreRefusal) || !['no-such-mailbox', 'keyword-limit'].includes(error.code)) throw error
    }
    await store.imports.noteFlags(origin, [{ sourceUid: brought.sourceUid, seenFlags: flagsText(flags) }])
  }

  /** A dry run reads everything, and finds what would be refused because of its size. */
  async #look(arriving: ArrivingMessage): Promise<void> {
    const { duplicates, options, tally } = this.#parts
    const hash = createHash('sha256')
    let size = 0
    for await (const piece of arriving.bytes instanceof Uint8Array ? [arriving.bytes] : arriving.bytes) {
      hash.update(piece)
      size += piece.length
    }
    const digest = hash.digest()
    if (size > options.messageBytesMax)
      tally.fail(
        { place: arriving.place, why: `A message has at most ${options.messageBytesMax} bytes.` },
        this.#counts,
      )
    else if (duplicates?.find(digest) !== undefined) this.#counts.duplicates++
    else {
      duplicates?.add(digest)
      this.#counts.imported++
      this.#counts.bytes += size
    }
  }
}
