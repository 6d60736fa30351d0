// `postern inbox held …`: what an inbox under legal hold has lost, for who has ordered the hold (docs/decisions/legal-hold.md): listed, and
// with --export written out as it's listed, a file each. Its owner hears of neither.

import { createWriteStream } from 'node:fs'
import { readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { HeldMail, HeldMessage } from '@postern/mailbox-store'
import { parseMessage, searchHeaders } from '@postern/message'
import { makeFolder } from '@postern/service'
import type { Command } from './command.js'
import { listing } from './listing.js'
import { operator as by } from './operator.js'
import { one } from './options.js'
import { sizeText } from './quantities.js'
import { inboxOf } from './references.js'
import { Usage } from './usage.js'

interface HeldObject {
  readonly id: string
  readonly mailbox: string
  readonly uid: number
  readonly uid_validity: number
  readonly flags: readonly string[]
  readonly size: number
  readonly received_at: string
  readonly removed_at: string
  readonly from: string | null
  readonly subject: string | null
  /** Where it was written to. */
  readonly file: string | null
}

export const inboxHeld: Command = listing('inbox held', {
  about: 'list what was removed from an inbox under legal hold, or write it out',
  parameters: [['<address>', 'its address or id']],
  options: { export: one('<folder>', 'write each message into this new folder, as <id>.eml') },
  async page({ store: { directory, held } }, { export: folder }, [word]) {
    const inbox = await inboxOf(directory, word as string)
    if (!inbox.legalHold)
      throw new Usage(
        `${inbox.address} is not under legal hold: nothing is held of it.`,
        `\`postern inbox update ${inbox.address} --legal-hold on\` holds what goes from then on.`,
      )
    if (folder !== undefined) {
      await madeFolder(folder)
      await held.noteExport(inbox.id, { by })
    }
    return async (page) => {
      const { items, next } = await held.list({ account: inbox.id, ...page })
      const objects: HeldObject[] = []
      for (const message of items) {
        const file = folder === undefined ? null : await written(message, { held, folder })
        objects.push({ ...objectOf(message), file })
      }
      return { items: objects, next }
    }
  },
  columns: [
    ['ID', ({ id }) => id],
    ['REMOVED', ({ removed_at: at }) => at],
    ['MAILBOX', ({ mailbox }) => mailbox],
    ['UID', ({ uid }) => String(uid)],
    ['SIZE', ({ size }) => sizeText(size)],
    ['FLAGS', ({ flags }) => flags.join(' ')],
    ['FROM', ({ from }) => from ?? ''],
    ['SUBJECT', ({ subject }) => subject ?? ''],
  ],
})

const flagWords = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft']

function objectOf({ id, mailbox, uid, uidValidity, flags, size, internalDate, goneAt, header }: HeldMessage) {
  const fields = searchHeaders(header, parseMessage(header))
  const textOf = (name: string): string | null =>
    shown(fields.find((field) => field.name.toLowerCase() === name)?.value ?? null)
  return {
    ...{ id: String(id), mailbox, uid, uid_validity: uidValidity, size },
    flags: [...flagWords.filter((_, bit) => (flags.system & (1 << bit)) !== 0), ...flags.keywords],
    received_at: new Date(internalDate * 1_000).toISOString(),
    removed_at: new Date(goneAt).toISOString(),
    from: textOf('from'),
    subject: textOf('subject'),
  }
}

const shownCharactersMax = 200

/** A stranger wrote it, and it goes to a terminal. */
const shown = (text: string | null): string | null =>
  text === null
    ? null
    : Array.from(text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim())
        .slice(0, shownCharactersMax)
        .join('')

/** New or empty, and nobody else's to read. */
async function madeFolder(folder: string): Promise<void> {
  await makeFolder(folder, { mode: 0o700 })
  if ((await readdir(folder)).length > 0)
    throw new Usage(`${folder} is not empty.`, 'Name a folder that does not exist yet, or an empty one.')
}

async function written(
  { id, internalDate }: HeldMessage,
  { held, folder }: { readonly held: HeldMail; readonly folder: string },
): Promise<string> {
  const file = join(folder, `${id}.eml`)
  const content = await held.content(id)
  await pipeline(Readable.from(content.stream()), createWriteStream(file, { flags: 'wx', mode: 0o600 }))
  await utimes(file, internalDate, internalDate)
  return file
}
