// A real server for the tests: a store in a folder of its own, TLS with a self-made certificate, and for each conversation
// a domain of its own, so that uids and modseqs begin anew. Everybody's password is `secret`.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect as dialInClear, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as dial } from 'node:tls'
import type { Wire } from '@postern/dialogue'
import { localDoorbell } from '@postern/events'
import {
  type Account,
  type AccountId,
  allUids,
  domainAccount,
  limitedAccount,
  type MailboxId,
  openStore,
  type Store,
  type StoreLimits,
  uidMax,
} from '@postern/mailbox-store'
import { type Certificates, networks, openCertificates } from '@postern/service'
import { createLogger, createMetrics, type Metrics } from '@postern/telemetry'
import { type ImapLimits, type ImapServer, type ImapServerOptions, startImapServer } from '../src/index.js'

export const password = 'secret'
/** Ada's, where tokens are taken. */
export const goodToken = 'good.token'
/** When everything happens, and when mail that a conversation is given arrived. */
const nowMs = Date.parse('2026-11-20T12:00:00Z')
const arrivedSeconds = Date.parse('2026-11-02T10:00:00Z') / 1000
const messagesFolder = new URL('messages/', import.meta.url)
const systemFlags = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft']

/** What a test may say of the doors; else it's one on implicit TLS, for 200 clients. */
export type Doors = Partial<
  Pick<
    ImapServerOptions,
    | 'clearPort'
    | 'tokens'
    | 'sending'
    | 'proxyNetworks'
    | 'tlsProxyNetworks'
    | 'connectionsMax'
    | 'connectionsPerAddressMax'
  >
>

interface Parts {
  readonly store: Store
  readonly server: ImapServer
  /** What was logged as an error: no conversation may cause any. */
  readonly errors: string[]
  /** All that was logged, from debug on. */
  readonly lines: string[]
  readonly metrics: Metrics
  readonly certificates: Certificates
  readonly folder: string
}

export class TestServer implements Parts {
  readonly store: Store
  readonly server: ImapServer
  readonly errors: string[]
  readonly lines: string[]
  readonly metrics: Metrics
  readonly certificates: Certificates
  readonly folder: string
  readonly #end: () => Promise<void>
  /** Those that changed a mailbox. */
  commits = 0
  #domains = 0
  #town: Town | undefined

  static async start(
    limits: Partial<ImapLimits> = {},
    storeLimits: Partial<StoreLimits> = {},
    doors: Doors = {},
  ): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), 'postern-imap-'))
    const errors: string[] = []
    const lines: string[] = []
    const write = (line: string): void => {
      lines.push(line)
      if (/"level":"(?:error|fatal)"/.test(line)) errors.push(line)
    }
    const logger = createLogger({ level: 'debug', destination: { write } })
    const metrics = createMetrics()
    const doorbell = localDoorbell({ onError: (error) => errors.push(String(error)) })
    let made: TestServer | undefined
    const store = await openStore({
      folder: join(folder, 'store'),
      now: () => nowMs,
      limits: storeLimits,
      ring: (changes) => {
        if (made !== undefined) made.commits++
        for (const { mailbox, modSeq } of changes) doorbell.ring({ mailbox, modSeq })
      },
      onError: (error) => errors.push(String(error)),
    })
    const clock = (): number => Date.now()
    const files = { dataDir: folder, hostname: 'localhost', watchMs: 60_000 }
    const certificates = await openCertificates({ ...files, clock, logger, metrics })
    const server = await startImapServer({
      ...{ store, doorbell, logger, metrics, certificates, limits },
      ...{ host: '127.0.0.1', port: 0, connectionsMax: 200, connectionsPerAddressMax: 200, version: '1' },
      proxyNetworks: networks([]),
      ...doors,
      login: async ({ user = 'ada', authorize = user, secret, token }) => {
        const account = authorize === user ? made?.account(user) : undefined
        const isRight = secret === password || (token === goodToken && user === 'ada')
        return isRight && account !== undefined ? { account, address: `${user}@example.test` } : undefined
      },
    })
    made = new TestServer({ store, server, errors, lines, metrics, certificates, folder }, async () => {
      await server.close()
      certificates.close()
      await doorbell.close()
      await store.close()
      await rm(folder, { recursive: true, force: true })
    })
    return made
  }

  constructor(parts: Parts, end: () => Promise<void>) {
    this.store = parts.store
    this.server = parts.server
    this.errors = parts.errors
    this.lines = parts.lines
    this.metrics = parts.metrics
    this.certificates = parts.certificates
    this.folder = parts.folder
    this.#end = end
  }

  account(name: string): Account | undefined {
    return this.#town?.accounts.get(name)
  }

  /** A new domain, with the inbox of ada; whoever logs in from now on lives there. */
  async settle(): Promise<Town> {
    const { environment } = await this.store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
    const name = `town${++this.#domains}.example.test`
    const domain = await this.store.directory.createDomain({ environment: environment.id, name })
    const { directory } = this.store
    const town = new Town({
      build: async (local) => {
        const inbox = await directory.createInbox({ domain: domain.id, address: `${local}@${name}` })
        return this.store.account(inbox.id as AccountId)
      },
      limit: async ({ id }, changes) => void (await directory.updateInbox(id, changes)),
    })
    const ada = await town.inbox('ada')
    const everybody = domainAccount(this.store.domainView(domain.id))
    town.accounts.set('ada reading', limitedAccount(ada, { quietly: false }))
    town.accounts.set('ada reading quietly', limitedAccount(ada, { quietly: true }))
    town.accounts.set('*', everybody)
    town.accounts.set('* reading', limitedAccount(everybody, { quietly: false }))
    this.#town = town
    return town
  }

  /** A connection, logged in and in a mailbox where the town's sessions begin so. */
  async connect(): Promise<Wire> {
    if (this.#town !== undefined) this.#town.hasBegun = true
    const socket = this.#dial()
    socket.on('error', () => {})
    const pieces = socket[Symbol.asyncIterator]()
    const wire: Wire = {
      write: (bytes) => void socket.write(bytes),
      read: async () => {
        const { value, done } = await pieces.next().catch(() => ({ value: undefined, done: true }))
        return done === true ? undefined : (value as Uint8Array)
      },
      close: () => socket.destroy(),
    }
    for (const [i, line] of (this.#town?.beginning ?? []).entries()) {
      if (i === 0) await until(wire, '* OK')
      await wire.write(Buffer.from(`begin${i} ${line}\r\n`))
      await until(wire, `begin${i} OK`)
    }
    return wire
  }

  #dial(): Socket {
    const place = { host: '127.0.0.1', noDelay: true }
    if (this.#town?.inClear === true) return dialInClear({ ...place, port: this.server.clearPort as number })
    return dial({ ...place, port: this.server.port, rejectUnauthorized: false } as never)
  }

  async close(): Promise<void> {
    await this.#end()
  }
}

async function until(wire: Wire, words: string): Promise<void> {
  let text = ''
  while (
    !text
      .split('\r\n')
      .slice(0, -1)
      .some((line) => line.startsWith(words))
  ) {
    const bytes = await wire.read()
    if (bytes === undefined) throw new Error(`the connection ended before ${words}: ${text}`)
    text += Buffer.from(bytes).toString('latin1')
  }
}

interface TownWays {
  build(local: string): Promise<Account>
  limit(account: Account, changes: { readonly quotaBytes: number; readonly quotaMessages: number }): Promise<void>
}

/** The people of one conversation, and what is given to them. */
export class Town {
  readonly accounts = new Map<string, Account>()
  /** What every session says before the conversation begins. */
  beginning: readonly string[] = []
  /** Its people come by the port that begins without TLS. */
  inClear = false
  /** Somebody has come. */
  hasBegun = false
  readonly #ways: TownWays

  constructor(ways: TownWays) {
    this.#ways = ways
  }

  async inbox(local: string): Promise<Account> {
    const account = this.accounts.get(local) ?? (await this.#ways.build(local))
    this.accounts.set(local, account)
    return account
  }

  get ada(): Account {
    return this.accounts.get('ada') as Account
  }

  /** The `Given` lines of the dialogues. */
  async given(text: string): Promise<void> {
    const [, words = '', keys = ''] = /^(.*?)(?::\s*(.*))?$/.exec(text) ?? []
    const [what, ...rest] = words.split(' ')
    const name = rest.join(' ')
    if (text === 'in clear') this.inClear = true
    else if (text === 'logged in') this.beginning = [`LOGIN ada ${password}`]
    else if (what === 'selected') this.beginning = [`LOGIN ada ${password}`, `SELECT ${name}`]
    else if (what === 'mailbox') await this.#fill(this.ada, name, keys)
    else if (what === 'recent') await this.#fill(this.ada, name, keys, { recent: true })
    else if (what === 'inbox') await this.#fill(await this.inbox(name), 'INBOX', keys)
    else if (what === 'flags') await this.#flag(rest)
    else if (what === 'quota')
      await this.#ways.limit(this.ada, { quotaBytes: Number(rest[0]), quotaMessages: Number(rest[1]) })
    else if (what === 'gone') await this.ada.remove(await idOf(this.ada, rest[0] as string), uidOf(rest[1]))
    else if (what === 'deleted') await this.ada.deleteMailbox(await idOf(this.ada, name))
    else throw new Error(`nobody knows what this gives: ${text}`)
  }

  /** What was there before anybody came is recent to nobody, unless it's said to be. */
  async #fill(account: Account, name: string, keys: string, { recent = this.hasBegun } = {}): Promise<void> {
    if ((await account.mailbox(name)) === undefined) await account.createMailbox(name)
    const messages = await Promise.all(keys.split(' ').filter(Boolean).map(message))
    if (messages.length === 0) return
    await account.append(
      await idOf(account, name),
      messages.map((bytes) => ({ message: bytes, internalDate: arrivedSeconds })),
    )
    if (!recent) await account.claimRecent(await idOf(account, name), uidMax)
  }

  async #flag([name = '', uid, ...flags]: string[]): Promise<void> {
    const system = systemFlags.reduce((bits, flag, i) => (flags.includes(flag) ? bits | (1 << i) : bits), 0)
    const keywords = flags.filter((flag) => !flag.startsWith('\\'))
    await this.ada.setFlags(await idOf(this.ada, name), uidOf(uid), { how: 'replace', flags: { system, keywords } })
  }
}

const uidOf = (text: string | undefined): [number, number][] =>
  text === undefined || text === '*' ? [...allUids].map(([a, b]) => [a, b]) : [[Number(text), Number(text)]]

async function idOf(account: Account, name: string): Promise<MailboxId> {
  const mailbox = await account.mailbox(name)
  if (mailbox === undefined) throw new Error(`there is no ${name}`)
  return mailbox.id
}

/** `NAME.eml` is a file beside the dialogues; any other key is a small message that says it. */
async function message(key: string): Promise<Uint8Array> {
  if (key.endsWith('.eml')) {
    const text = await readFile(new URL(key, messagesFolder), 'latin1')
    return Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1')
  }
  return Buffer.from(
    [
      'From: Bob <bob@example.net>',
      'To: ada@example.test',
      `Subject: ${key}`,
      `Message-ID: <${key}@example.net>`,
      'Date: Mon, 02 Nov 2026 10:00:00 +0000',
      '',
      `This is ${key}.`,
      '',
    ].join('\r\n'),
  )
}
