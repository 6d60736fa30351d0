// A folder of .eml files, each a message, and its folders, each a mailbox; or one such file. The folder itself is INBOX. Of our own
// export the index has the names, and `postern-messages.jsonl` the flags and dates; else a message has none, and came when its
// Received or Date field says, or when the file was written.

import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { noFlags } from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import type { Arrival, ArrivingMailbox, MailSource } from './arriving.js'
import { indexName, type MessageNote, notesName, readIndex, readNotes } from './export-index.js'
import { folderEntries } from './folder-entries.js'
import { foldersDeepMax } from './limits.js'
import { readMessageFile } from './read-file.js'

export function readEml(path: string): MailSource {
  return {
    async *mailboxes() {
      if (!statSync(path).isDirectory()) yield { name: 'INBOX', arrivals: () => single(path) }
      else {
        const index = await readIndex(path, 'eml')
        if (index === undefined) yield* lettersIn(path)
        else
          for (const { path: below, ...mailbox } of index.mailboxes)
            yield { ...mailbox, arrivals: () => folder(join(path, below)) }
      }
    },
    subscriptions: async () =>
      statSync(path).isDirectory() ? ((await readIndex(path, 'eml'))?.subscriptions ?? []) : [],
  }
}

async function* lettersIn(path: string): AsyncGenerator<ArrivingMailbox> {
  if (await holdsEml(path, 0)) return yield* tree(path, [])
  throw new Failure('invalid', `There is no message in ${path}: no file's name ends in .eml.`, {
    fix: 'Name a folder of .eml files, or the one above it; to import one file of another name, name the file.',
  })
}

async function holdsEml(path: string, depth: number): Promise<boolean> {
  const { files, folders } = await folderEntries(path)
  if (files.some(isEml)) return true
  if (depth >= foldersDeepMax) return false
  for (const below of folders) if (!below.startsWith('.') && (await holdsEml(join(path, below), depth + 1))) return true
  return false
}

async function* tree(path: string, levels: readonly string[]): AsyncGenerator<ArrivingMailbox> {
  const { files, folders } = await folderEntries(path)
  const name = levels.length === 0 ? 'INBOX' : levels.join('/')
  if (levels.length > 0 || files.some(isEml)) yield { name, arrivals: () => folder(path) }
  if (levels.length >= foldersDeepMax) return
  for (const below of folders) if (!below.startsWith('.')) yield* tree(join(path, below), [...levels, below])
}

const isEml = (name: string): boolean => /\.(?:eml|msg822)$/i.test(name)

async function* single(path: string): AsyncGenerator<Arrival> {
  yield await arrival(path, undefined)
}

/** In the order of the notes, then of the names. */
async function* folder(path: string): AsyncGenerator<Arrival> {
  const { files } = await folderEntries(path)
  const left = new Set(files)
  for await (const note of readNotes(path)) if (left.delete(note.file)) yield await arrival(join(path, note.file), note)
  for (const file of left) {
    if (isEml(file)) yield await arrival(join(path, file), undefined)
    else if (![indexName, notesName].includes(file) && !file.startsWith('.'))
      yield { kind: 'passed-over', place: join(path, file), why: 'its name does not end in .eml' }
  }
}

async function arrival(path: string, note: MessageNote | undefined): Promise<Arrival> {
  try {
    const file = await readMessageFile(path, { isExact: note?.isExact === true })
    const internalDate = note?.internalDate ?? file.dateOfHeader() ?? file.modified
    const { bytes, isApart } = file
    return { kind: 'message', message: { place: path, flags: note?.flags ?? noFlags, internalDate, bytes, isApart } }
  } catch (error) {
    return { kind: 'failed', place: path, why: `${basename(path)} can't be read: ${(error as Error).message}` }
  }
}
