// `postern-export.json`, which an export writes last, at its root: the names of the mailboxes as they are, whatever names the file
// system could take, with their special uses and subscriptions. An import that finds it goes by it. What a message has that its
// file can't keep stands in the mailbox's `postern-messages.jsonl`, a line for each; of them only base names are believed.

import { createReadStream, existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, join, normalize, sep } from 'node:path'
import { createInterface } from 'node:readline'
import type { Flags, SpecialUse } from '@postern/mailbox-store'
import { Failure, writeFileAtomic } from '@postern/service'
import { flagsOfWords, wordsOfFlags } from './flag-words.js'
import { indexBytesMax, noteBytesMax } from './limits.js'

export const formats = ['mbox', 'maildir', 'eml'] as const
export type Format = (typeof formats)[number]

export interface IndexedMailbox {
  readonly name: string
  /** Of its file or folder, below the root. */
  readonly path: string
  readonly specialUse: SpecialUse | undefined
  readonly isSubscribed: boolean
  readonly messages: number
}

export interface ExportIndex {
  readonly format: Format
  readonly inbox: string
  readonly exportedAt: string
  readonly mailboxes: readonly IndexedMailbox[]
  /** Names that are subscribed to and have no mailbox. */
  readonly subscriptions: readonly string[]
}

export const indexName = 'postern-export.json'
export const notesName = 'postern-messages.jsonl'

export async function writeIndex(folder: string, index: ExportIndex): Promise<void> {
  await writeFileAtomic(join(folder, indexName), `${JSON.stringify({ version: 1, ...index }, null, 1)}\n`, {
    mode: 0o600,
  })
}

/** Undefined where the folder is no export of ours. */
export async function readIndex(folder: string, format: Format): Promise<ExportIndex | undefined> {
  const path = join(folder, indexName)
  if (!existsSync(path)) return undefined
  if ((await stat(path)).size > indexBytesMax) throw damaged(path, 'it is too large')
  const index = parsed(path, await readFile(path, 'utf8'))
  if (index.format !== format)
    throw new Failure('invalid', `${folder} is an export in the format ${index.format}.`, {
      fix: `Import it as ${index.format}.`,
    })
  return index
}

function parsed(path: string, text: string): ExportIndex {
  let index: ExportIndex
  try {
    index = JSON.parse(text) as ExportIndex
  } catch {
    throw damaged(path, 'it is no JSON')
  }
  const { mailboxes, subscriptions, format } = index ?? {}
  if (!Array.isArray(mailboxes) || !Array.isArray(subscriptions) || !formats.includes(format))
    throw damaged(path, 'parts of it are missing')
  for (const { name, path: at } of mailboxes)
    if (typeof name !== 'string' || typeof at !== 'string' || !isBelow(at))
      throw damaged(path, `${JSON.stringify(at)} is no path in it`)
  return index
}

/** Somebody else may have written the index. */
const isBelow = (path: string): boolean =>
  path !== '' &&
  !path.includes('\0') &&
  normalize(path) === path &&
  !path.startsWith(sep) &&
  path.split(sep)[0] !== '..'

const damaged = (path: string, why: string): Failure =>
  new Failure('invalid', `${path} is not what an export writes: ${why}.`, {
    fix: 'Take that file away, and the folder is imported by its names.',
  })

/** What is noted of one message. */
export interface MessageNote {
  readonly file: string
  readonly flags?: Flags | undefined
  /** Unix seconds. */
  readonly internalDate?: number | undefined
  /** The bytes are as they were, not with LF for CR LF. */
  readonly isExact?: boolean | undefined
}

export function noteLine({ file, flags, internalDate, isExact }: MessageNote): string {
  const note = {
    file,
    ...(flags === undefined ? {} : { flags: wordsOfFlags(flags) }),
    ...(internalDate === undefined ? {} : { date: new Date(internalDate * 1000).toISOString() }),
    ...(isExact ? { exact: true } : {}),
  }
  return `${JSON.stringify(note)}\n`
}

/** A line that can't be read is passed over: what it's about is imported without it. */
export async function* readNotes(folder: string): AsyncGenerator<MessageNote> {
  const path = join(folder, notesName)
  if (!existsSync(path)) return
  for await (const line of createInterface({
    input: createReadStream(path, 'utf8'),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    const note = line.length <= noteBytesMax ? noteOf(line) : undefined
    if (note !== undefined) yield note
  }
}

function noteOf(line: string): MessageNote | undefined {
  try {
    const { file, flags, date, exact } = JSON.parse(line) as Record<string, unknown>
    if (typeof file !== 'string' || file !== basename(file) || file.includes('\0')) return undefined
    const at = typeof date === 'string' ? Date.parse(date) / 1000 : Number.NaN
    return {
      file,
      flags: Array.isArray(flags) ? flagsOfWords(flags.filter((word) => typeof word === 'string')) : undefined,
      internalDate: Number.isFinite(at) ? Math.floor(at) : undefined,
      isExact: exact === true,
    }
  } catch {
    return undefined
  }
}
