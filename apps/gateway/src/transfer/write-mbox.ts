// An export as mbox: a file for each mailbox, those below it in a folder that ends in `.sbd`, as Thunderbird keeps them. Quoted by the
// rules of mboxrd; lines end in LF as everybody expects of an mbox, but for messages that would lose something by it.

import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fromLineDate } from './dates.js'
import { NestedNames } from './file-names.js'
import { FromLines, quoting } from './from-quoting.js'
import { GatheredFile } from './gathered-file.js'
import type { ExportWriter, LeavingMessage, MailboxWriter } from './leaving.js'
import { ToLf } from './line-ends.js'
import { writeOwn } from './mbox-fields.js'

export function mboxWriter(folder: string): ExportWriter {
  const names = new NestedNames()
  return {
    async mailbox({ name }) {
      const levels = names.levelsOf(name)
      const path = levels.map((level, i) => (i < levels.length - 1 ? `${level}.sbd` : level)).join('/')
      await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 })
      return writer(path, await GatheredFile.create(join(folder, path)))
    },
    end: async () => undefined,
  }
}

function writer(path: string, file: GatheredFile): MailboxWriter {
  return {
    path,
    async add(message) {
      for await (const piece of textOf(message)) await file.write(piece)
    },
    end: () => file.end(),
    abandon: () => file.abandon(),
  }
}

async function* textOf({ flags, internalDate, shape, bytes }: LeavingMessage): AsyncGenerator<Uint8Array | string> {
  const form = { isExact: !shape.isPaired, isUnended: !shape.isEnded }
  yield `From MAILER-DAEMON ${fromLineDate(internalDate)}\n${writeOwn({ flags, form })}`
  const lines = new FromLines(quoting)
  const ends = shape.isPaired ? new ToLf() : undefined
  for await (const piece of bytes()) yield lines.piece(ends?.piece(piece) ?? piece)
  yield lines.piece(Buffer.alloc(0), true)
  yield shape.isEnded ? '\n' : '\n\n'
}
