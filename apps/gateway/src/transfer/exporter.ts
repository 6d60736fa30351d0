// An export of one inbox: its mailboxes as they are at one moment each, message by message into files, while clients go on. The index
// comes last, so that a folder without one is known to be half an export.

import type { Account, Content, MailboxListing, OpenMailbox } from '@postern/mailbox-store'
import { makeFolder } from '@postern/service'
import { type Format, type IndexedMailbox, writeIndex } from './export-index.js'
import type { ExportWriter, LeavingMessage, MailboxWriter } from './leaving.js'
import { type Shape, ShapeLook } from './line-ends.js'
import { emlWriter } from './write-eml.js'
import { maildirWriter } from './write-maildir.js'
import { mboxWriter } from './write-mbox.js'

/** Small messages that are read at once. */
const readAtOnce = 64

const writers: Readonly<Record<Format, (folder: string) => ExportWriter>> = {
  mbox: mboxWriter,
  maildir: maildirWriter,
  eml: emlWriter,
}

export interface ExportOptions {
  readonly folder: string
  readonly format: Format
  /** Its address. */
  readonly inbox: string
  /** Only these. */
  readonly only: readonly string[] | undefined
  readonly onProgress: (messages: number, mailbox: string) => void
}

export interface ExportedMailbox extends IndexedMailbox {
  readonly bytes: number
  /** Expunged, and purged, while the mailbox was read. */
  readonly gone: number
}

export async function exportMail(
  account: Account,
  { folder, format, inbox, only, onProgress }: ExportOptions,
): Promise<readonly ExportedMailbox[]> {
  await makeFolder(folder, { mode: 0o700 })
  const writer = writers[format](folder)
  const all = await account.mailboxes()
  const chosen = only === undefined ? all : all.filter(({ name }) => only.includes(name))
  const exported: ExportedMailbox[] = []
  let before = 0
  for (const listing of chosen) {
    exported.push(
      await exportMailbox(account, { listing, writer, onMessage: (n) => onProgress(before + n, listing.name) }),
    )
    before += exported.at(-1)?.messages ?? 0
  }
  const names = new Set(all.map(({ name }) => name))
  const subscriptions = only === undefined ? (await account.subscriptions()).filter((name) => !names.has(name)) : []
  await writer.end(chosen, subscriptions)
  const mailboxes = exported.map(({ bytes: _, gone: __, ...mailbox }) => mailbox)
  await writeIndex(folder, { format, inbox, exportedAt: new Date().toISOString(), mailboxes, subscriptions })
  return exported
}

interface OneMailbox {
  readonly listing: MailboxListing
  readonly writer: ExportWriter
  readonly onMessage: (count: number) => void
}

async function exportMailbox(account: Account, { listing, writer, onMessage }: OneMailbox): Promise<ExportedMailbox> {
  const open = await account.open(listing.id)
  const files = await writer.mailbox(listing)
  try {
    const counts = await copy(open, { files, onMessage })
    await files.end()
    const { name, specialUse, subscribed } = listing
    return { name, path: files.path, specialUse, isSubscribed: subscribed, ...counts }
  } catch (error) {
    await files.abandon()
    throw error
  } finally {
    open.close()
  }
}

/** The index may move while it's read, as others of this process refresh it: none does here. */
async function copy(
  open: OpenMailbox,
  { files, onMessage }: { files: MailboxWriter; onMessage: (count: number) => void },
) {
  const { entries } = open.index
  let [messages, bytes, gone] = [0, 0, 0]
  for (let at = 0; at < entries.length; at += readAtOnce) {
    const ids = entries.messages.slice(at, Math.min(entries.length, at + readAtOnce))
    const held = await open.contents(ids)
    for (let i = 0; i < ids.length; i++) {
      const content = held[i] ?? (await open.content(ids[i] as number))
      if (content === undefined) {
        gone++
        continue
      }
      const { uid, flags, internalDate } = entries.at(at + i)
      await files.add(await leaving(content, { uid, internalDate, flags: open.flagsOf(flags) }))
      bytes += content.size
      onMessage(++messages)
    }
  }
  return { messages, bytes, gone }
}

async function leaving(
  content: Content,
  about: Pick<LeavingMessage, 'uid' | 'internalDate' | 'flags'>,
): Promise<LeavingMessage> {
  const bytes = (): AsyncIterable<Uint8Array> => content.stream()
  return { ...about, shape: await shapeOf(bytes()), bytes }
}

async function shapeOf(bytes: AsyncIterable<Uint8Array>): Promise<Shape> {
  const look = new ShapeLook()
  for await (const piece of bytes) look.piece(piece)
  return look.end()
}
