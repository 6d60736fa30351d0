// What a contract suite needs of an engine, and the small words its rows are written in.

import type {
  Account,
  AccountId,
  DomainId,
  Flags,
  MailboxId,
  OpenMailbox,
  OpenOptions,
  RefusalCode,
  Store,
} from '@postern/mailbox-store'
import { expect } from 'vitest'

export interface EngineUnderTest {
  /** Opens the same data each time it's called. */
  open(options?: Omit<OpenOptions, 'folder'>): Promise<Store>
  destroy(): Promise<void>
}
export type MakeEngine = () => Promise<EngineUnderTest>

export interface Home {
  readonly store: Store
  readonly domain: DomainId
  readonly alice: Account
  readonly inbox: MailboxId
  addInbox(local: string): Promise<Account>
}

/** A store with the domain example.test and the inbox alice@example.test. */
export async function settle(
  store: Store,
  options: { quotaBytes?: number; quotaMessages?: number } = {},
): Promise<Home> {
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const found = await store.directory.findDomain('example.test')
  const domain = found ?? (await store.directory.createDomain({ environment: environment.id, name: 'example.test' }))
  const addInbox = async (local: string, limits = {}): Promise<Account> => {
    const address = `${local}@example.test`
    const resolved = await store.directory.findAddress(address)
    const id: AccountId =
      resolved === undefined || resolved.via === 'catch-all'
        ? (await store.directory.createInbox({ domain: domain.id, address, ...limits })).id
        : resolved.inbox.id
    return store.account(id)
  }
  const alice = await addInbox('alice', options)
  return { store, domain: domain.id, alice, inbox: await idOf(alice, 'INBOX'), addInbox }
}

export async function idOf(account: Account, name: string): Promise<MailboxId> {
  const mailbox = await account.mailbox(name)
  if (mailbox === undefined) throw new Error(`${name} is missing`)
  return mailbox.id
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** A small message that is like no other. */
export function mail(key: string, { body = `This is ${key}.`, headers = '' } = {}): Uint8Array {
  return bytesOf(
    `From: Sender <sender@example.net>\r\nTo: alice@example.test\r\nSubject: ${key}\r\nMessage-ID: <${key}@example.net>\r\n` +
      `Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n${headers}\r\n${body}\r\n`,
  )
}

export const seen: Flags = { system: 1, keywords: [] }
export const deleted: Flags = { system: 8, keywords: [] }

export async function fill(account: Account, mailbox: MailboxId, keys: readonly string[]): Promise<void> {
  await account.append(
    mailbox,
    keys.map((key) => ({ message: mail(key) })),
  )
}

/** The mailbox as `uid subject flags…` lines, read through a fresh open. */
export async function show(
  account: { open: (id: MailboxId) => Promise<OpenMailbox> },
  mailbox: MailboxId,
): Promise<string[]> {
  const open = await account.open(mailbox)
  try {
    return await showOpen(open)
  } finally {
    open.close()
  }
}

const flagWords = ['seen', 'answered', 'flagged', 'deleted', 'draft']

export async function showOpen(open: OpenMailbox): Promise<string[]> {
  const lines: string[] = []
  for (let i = 0; i < open.index.length; i++) {
    const { uid, message, flags } = open.index.entries.at(i)
    const content = await open.content(message)
    const subject =
      content === undefined
        ? '(gone)'
        : (/Subject: (.*)\r\n/.exec(textOf(await content.bytes({ start: 0, end: 1000 })))?.[1] ?? '')
    const { system, keywords } = open.flagsOf(flags)
    const words = flagWords.filter((_, bit) => (system & (1 << bit)) !== 0)
    lines.push([uid, subject, ...words, ...keywords].join(' '))
  }
  return lines
}

export async function expectRefusal(promise: Promise<unknown>, code: RefusalCode): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: 'StoreRefusal', code })
}
