// `postern export <inbox> <format> <folder>` (contract I4): an inbox's mail, or that of every inbox of a domain, as files that other
// programs read and `postern import` takes back as it was. It works beside a running gateway, which hears nothing of it.

import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Inbox } from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import { everyItem } from '../pages.js'
import { type Format, formats } from '../transfer/export-index.js'
import { type ExportedMailbox, exportMail } from '../transfer/exporter.js'
import { safeName } from '../transfer/file-names.js'
import { progress } from '../transfer/progress.js'
import { command } from './command.js'
import { type OpenStore, withStore } from './existing-store.js'
import { operator as by } from './operator.js'
import { flag, many } from './options.js'
import { sizeText } from './quantities.js'
import { domainOf, inboxOf } from './references.js'
import { table } from './table.js'
import { Usage } from './usage.js'

interface ExportedInbox {
  readonly inbox: string
  readonly folder: string
  readonly mailboxes: readonly ReturnType<typeof mailboxObject>[]
}

interface Exported {
  readonly format: Format
  readonly folder: string
  readonly messages: number
  readonly bytes: number
  readonly inboxes: readonly ExportedInbox[]
}

const mailboxObject = ({ name, path, messages, bytes, gone }: ExportedMailbox) => ({
  mailbox: name,
  path,
  messages,
  bytes,
  gone,
})

const formatOf = (word: string): Format => {
  const format = formats.find((one) => one === word)
  if (format === undefined) throw new Usage(`${word} is no format.`, `It is one of ${formats.join(', ')}.`)
  return format
}

async function refuseFull(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (names.length > 0)
    throw new Failure('exists', `${folder} is not empty.`, {
      fix: 'Name a folder that is empty, or that is not there yet.',
    })
}

/** With the folder of each. */
async function inboxesOf(
  { store: { directory } }: OpenStore,
  { word, folder, isDomain }: { word: string; folder: string; isDomain: boolean },
) {
  if (!isDomain) return [{ inbox: await inboxOf(directory, word), folder }]
  const { id: domain } = await domainOf(directory, word)
  const found: { inbox: Inbox; folder: string }[] = []
  for await (const inbox of everyItem((page) => directory.listInboxes({ domain, ...page })))
    found.push({ inbox, folder: join(folder, safeName(inbox.address)) })
  return found
}

async function checkNames(
  { store }: OpenStore,
  inboxes: readonly { readonly inbox: Inbox }[],
  only: readonly string[],
): Promise<void> {
  const names = new Set<string>()
  for (const { inbox } of inboxes) for (const { name } of await store.account(inbox.id).mailboxes()) names.add(name)
  const missing = only.filter((name) => !names.has(name))
  if (missing.length > 0)
    throw new Usage(`There is no mailbox ${missing.join(', ')}.`, `There is ${[...names].join(', ')}.`)
}

export const exportCommand = command('export', {
  about: 'write mail to mbox, Maildir or .eml files in an empty folder; works beside a running gateway',
  parameters: [
    ['<inbox>', 'its address or id; with --domain the name or id of a domain'],
    [`<${formats.join('|')}>`, 'what is written'],
    ['<folder>', 'an empty folder, or one that does not exist yet'],
  ],
  options: {
    domain: flag('every inbox of a domain, each in a folder of its own'),
    mailbox: many('<name>', 'only this mailbox'),
  },
  run: ({ env, args: [word, format, into], options: { domain: isDomain, mailbox: only } }) =>
    withStore(env, async (open): Promise<Exported> => {
      const chosen = formatOf(format as string)
      const folder = resolve(into as string)
      const inboxes = await inboxesOf(open, { word: word as string, folder, isDomain })
      await checkNames(open, inboxes, only ?? [])
      await refuseFull(folder)
      const line = progress()
      const done: ExportedInbox[] = []
      try {
        for (const { inbox, folder: home } of inboxes) {
          const mailboxes = await exportMail(open.store.account(inbox.id), {
            ...{ folder: home, format: chosen, inbox: inbox.address, only },
            onProgress: (messages, mailbox) => line.show(() => `${inbox.address} ${mailbox}: ${messages} messages`),
          })
          done.push({ inbox: inbox.address, folder: home, mailboxes: mailboxes.map(mailboxObject) })
          await audit(open, { inbox, format: chosen, messages: sum(mailboxes, 'messages') })
        }
      } finally {
        line.end()
      }
      const all = done.flatMap(({ mailboxes }) => mailboxes)
      return { format: chosen, folder, messages: sum(all, 'messages'), bytes: sum(all, 'bytes'), inboxes: done }
    }),
  lines: ({ messages, bytes, folder, inboxes }) => [
    ...inboxes.flatMap(({ inbox, mailboxes }) => [
      ...table([
        [inbox, 'MESSAGES', 'SIZE', 'IN'],
        ...mailboxes.map((one) => [one.mailbox, String(one.messages), sizeText(one.bytes), one.path]),
      ]),
      '',
    ]),
    `Wrote ${messages} messages, ${sizeText(bytes)}, to ${folder}.`,
  ],
})

const sum = (of: readonly Readonly<Record<'messages' | 'bytes', number>>[], what: 'messages' | 'bytes'): number =>
  of.reduce((total, one) => total + one[what], 0)

interface Audited {
  readonly inbox: Inbox
  readonly format: Format
  readonly messages: number
}

async function audit({ store: { directory } }: OpenStore, { inbox, format, messages }: Audited): Promise<void> {
  const { tenant } = await directory.getEnvironment(inbox.environment)
  await directory.appendAudit({
    action: 'mail.export',
    object: inbox.address,
    tenant,
    detail: { format, messages },
    by,
  })
}
