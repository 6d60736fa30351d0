// A store for tests of import and export in their own process: inboxes in example.test, what is in them as plain values, and one
// import or export.

import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Account,
  type Append,
  type DomainId,
  openStore,
  type Store,
  type StoreLimits,
} from '@postern/mailbox-store'
import { afterAll } from 'vitest'
import type { MailSource } from '../src/transfer/arriving.js'
import type { Format } from '../src/transfer/export-index.js'
import { exportMail } from '../src/transfer/exporter.js'
import { wordsOfFlags } from '../src/transfer/flag-words.js'
import { type ImportOptions, importMail } from '../src/transfer/importer.js'
import { readMboxTree } from '../src/transfer/mbox-tree.js'
import { readEml } from '../src/transfer/read-eml.js'
import { readMaildir } from '../src/transfer/read-maildir.js'

const folders: string[] = []
const stores: Store[] = []
afterAll(async () => {
  for (const store of stores) await store.close()
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

export function newTransferFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-transfer-'))
  folders.push(folder)
  return folder
}

export interface TransferStore {
  readonly store: Store
  readonly domain: DomainId
  addInbox(options?: { readonly quotaMessages?: number; readonly quotaBytes?: number }): Promise<Account>
}

let shared: Promise<TransferStore> | undefined

/** One for all tests of a file, or one of its own with limits that a test meets sooner. */
export function transferStore(limits?: Partial<StoreLimits>): Promise<TransferStore> {
  if (limits !== undefined) return newStore(limits)
  shared ??= newStore({})
  return shared
}

async function newStore(limits: Partial<StoreLimits>): Promise<TransferStore> {
  const low = { inlineBytesMax: 20_000, parseInlineBytesMax: 60_000, ...limits }
  const store = await openStore({ folder: newTransferFolder(), limits: low })
  stores.push(store)
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const { id: domain } = await store.directory.createDomain({ environment: environment.id, name: 'example.test' })
  let inboxes = 0
  return {
    ...{ store, domain },
    async addInbox(quota = {}) {
      const { id } = await store.directory.createInbox({ domain, address: `inbox${++inboxes}@example.test`, ...quota })
      return store.account(id)
    },
  }
}

export async function put(account: Account, name: string, messages: readonly Append[]): Promise<void> {
  const mailbox = (await account.mailbox(name))?.id ?? (await account.createMailbox(name))
  if (messages.length > 0) await account.append(mailbox, messages)
}

export interface Shown {
  readonly text: string
  readonly flags: readonly string[]
  readonly date: number
}

/** Each mailbox with its messages in the order of their uids, bytes as latin1. */
export async function contentsOf(account: Account): Promise<Record<string, Shown[]>> {
  const shown: Record<string, Shown[]> = {}
  for (const { id, name } of await account.mailboxes()) {
    const open = await account.open(id)
    shown[name] = []
    for (let i = 0; i < open.index.length; i++) {
      const { message, flags, internalDate: date } = open.index.entries.at(i)
      const bytes = await (await open.content(message))!.bytes()
      shown[name].push({ text: Buffer.from(bytes).toString('latin1'), flags: wordsOfFlags(open.flagsOf(flags)), date })
    }
    open.close()
  }
  return shown
}

export const sourceOf = (format: Format, path: string): MailSource =>
  format === 'mbox'
    ? readMboxTree(path, { quoting: 'mboxrd', stdin: () => process.stdin })
    : format === 'maildir'
      ? readMaildir(path)
      : readEml(path)

export const importInto = (store: Store, account: Account, source: MailSource, more: Partial<ImportOptions> = {}) =>
  importMail(store, source, {
    ...{
      account,
      into: undefined,
      keepFlags: true,
      skipDuplicates: false,
      dryRun: false,
      messageBytesMax: 104_857_600,
    },
    ...{ onProgress: () => undefined, ...more },
  })

export const exportFrom = (account: Account, format: Format, folder: string, only?: readonly string[]) =>
  exportMail(account, { folder, format, inbox: 'ada@example.test', only, onProgress: () => undefined })
