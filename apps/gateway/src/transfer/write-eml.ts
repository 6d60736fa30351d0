// An export as .eml files: a folder for each mailbox, a file for each message, named by its uid, with the very bytes. Flags and dates,
// which such files don't have, are in the folder's `postern-messages.jsonl`; the files' own times are the dates, too.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { noteLine, notesName } from './export-index.js'
import { NestedNames } from './file-names.js'
import { GatheredFile } from './gathered-file.js'
import type { ExportWriter, MailboxWriter } from './leaving.js'

export function emlWriter(folder: string): ExportWriter {
  const names = new NestedNames()
  return {
    async mailbox({ name }) {
      const path = names.levelsOf(name).join('/')
      const home = join(folder, path)
      await mkdir(home, { recursive: true, mode: 0o700 })
      return writer({ path, home, notes: await GatheredFile.create(join(home, notesName)) })
    },
    end: async () => undefined,
  }
}

function writer({ path, home, notes }: { path: string; home: string; notes: GatheredFile }): MailboxWriter {
  return {
    path,
    async add({ uid, flags, internalDate, bytes }) {
      const file = await GatheredFile.create(join(home, `${uid}.eml`))
      try {
        for await (const piece of bytes()) await file.write(piece)
        await file.end({ isFlushed: false, modified: internalDate })
      } catch (error) {
        await file.abandon()
        throw error
      }
      await notes.write(noteLine({ file: `${uid}.eml`, flags, internalDate, isExact: true }))
    },
    end: () => notes.end(),
    abandon: () => notes.abandon(),
  }
}
