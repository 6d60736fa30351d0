// A Maildir with the folders below it: Maildir++ (`.Sent.2024`) and nested ones. Dovecot's files say more where they are: what the
// keywords' letters mean, in which order messages came, what is subscribed to. Messages in tmp are on their way to somebody else.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { noFlags } from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import type { Arrival, ArrivingMailbox, MailSource } from './arriving.js'
import { type MessageNote, readIndex, readNotes } from './export-index.js'
import { folderEntries, inNameOrder } from './folder-entries.js'
import { foldersDeepMax } from './limits.js'
import {
  type MaildirName,
  mailboxOfFolder,
  readKeywordNames,
  readMaildirName,
  readSubscriptions,
  readUidList,
  secondsOfName,
  secondsOfOwnName,
} from './maildir-names.js'
import { readMessageFile } from './read-file.js'

const isMaildir = (path: string): boolean => existsSync(join(path, 'cur')) || existsSync(join(path, 'new'))
const ownFolders = ['cur', 'new', 'tmp']

export function readMaildir(path: string): MailSource {
  return {
    async *mailboxes() {
      const index = await readIndex(path, 'maildir')
      if (index !== undefined) {
        for (const { path: below, ...mailbox } of index.mailboxes)
          yield { ...mailbox, arrivals: () => arrivals(join(path, below)) }
        return
      }
      const subscribed = await subscriptionsOf(path)
      let isAny = false
      for await (const { name, folder } of folders(path)) {
        isAny = true
        yield {
          name,
          isSubscribed: subscribed && (name === 'INBOX' || subscribed.has(name)),
          arrivals: () => arrivals(folder),
        } satisfies ArrivingMailbox
      }
      if (!isAny)
        throw new Failure('invalid', `There is no Maildir in ${path}: no folder has cur or new in it.`, {
          fix: 'Name the folder that has cur, new and tmp in it, or the one above it.',
        })
    },
    async subscriptions() {
      const index = await readIndex(path, 'maildir')
      return index?.subscriptions ?? []
    },
  }
}

async function subscriptionsOf(path: string): Promise<Set<string> | undefined> {
  const file = join(path, 'subscriptions')
  return existsSync(file) ? new Set(readSubscriptions(await readFile(file, 'utf8'))) : undefined
}

interface Found {
  readonly name: string
  readonly folder: string
}

async function* folders(path: string): AsyncGenerator<Found> {
  if (isMaildir(path)) yield { name: 'INBOX', folder: path }
  for (const below of (await folderEntries(path)).folders) {
    const folder = join(path, below)
    if (below.startsWith('.') && below.length > 1 && isMaildir(folder)) yield { name: mailboxOfFolder(below), folder }
    else if (!below.startsWith('.') && !ownFolders.includes(below)) yield* nested(folder, [below])
  }
}

async function* nested(path: string, levels: readonly string[]): AsyncGenerator<Found> {
  if (isMaildir(path))
    yield {
      name: levels
        .map((level) => mailboxOfFolder(`.${level.replaceAll('.', '\u0000')}`).replaceAll('\u0000', '.'))
        .join('/'),
      folder: path,
    }
  if (levels.length >= foldersDeepMax) return
  for (const below of (await folderEntries(path)).folders)
    if (!ownFolders.includes(below) && !below.startsWith('.')) yield* nested(join(path, below), [...levels, below])
}

async function textOf(path: string): Promise<string> {
  return existsSync(path) ? readFile(path, 'utf8') : ''
}

interface Listed extends MaildirName {
  readonly path: string
}

async function* arrivals(folder: string): AsyncGenerator<Arrival> {
  const keywords = readKeywordNames(await textOf(join(folder, 'dovecot-keywords')))
  const uids = readUidList(await textOf(join(folder, 'dovecot-uidlist')))
  const notes = new Map<string, MessageNote>()
  for await (const note of readNotes(folder)) notes.set(note.file, note)
  const listed: Listed[] = []
  for (const part of ['cur', 'new']) {
    const at = join(folder, part)
    if (!existsSync(at)) continue
    for (const name of (await folderEntries(at)).files)
      if (!name.startsWith('.')) listed.push({ ...readMaildirName(name, keywords), path: join(at, name) })
  }
  for (const message of inOrder(listed, uids)) yield await arrival(message, notes.get(message.base))
}

/** By uid, as far as there are any; then by name, which begins with the time. */
function inOrder(listed: Listed[], uids: ReadonlyMap<string, number>): readonly Listed[] {
  const last = Number.POSITIVE_INFINITY
  const uidOf = ({ base }: Listed): number => uids.get(base) ?? last
  const timeOf = ({ base }: Listed): number => secondsOfName(base) ?? last
  const order = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1)
  return listed.sort((a, b) => order(uidOf(a), uidOf(b)) || order(timeOf(a), timeOf(b)) || inNameOrder(a.base, b.base))
}

async function arrival({ path, flags, base }: Listed, note: MessageNote | undefined): Promise<Arrival> {
  try {
    const file = await readMessageFile(path, { isExact: note?.isExact === true })
    const { bytes, isApart } = file
    const internalDate = secondsOfOwnName(base) ?? (file.modified > 0 ? file.modified : secondsOfName(base))
    return {
      kind: 'message',
      message: { place: path, flags: note?.flags ?? flags ?? noFlags, internalDate, bytes, isApart },
    }
  } catch (error) {
    return { kind: 'failed', place: path, why: `it can't be read: ${(error as Error).message}` }
  }
}
