// A real server for the tests: a store in a folder of its own, TLS with a self-made certificate, and for each conversation a domain
// of its own with the inboxes of ada and bob. Everybody's password is `secret`.

import { mkdtemp, rm } from 'node:fs/promises'
import { connect as dialInClear, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as dial } from 'node:tls'
import type { Wire } from '@postern/dialogue'
import { type Doorbell, localDoorbell, localSending } from '@postern/events'
import {
  type Account,
  type Domain,
  type DomainChanges,
  type DomainMode,
  type Fault,
  type Inbox,
  openStore,
  type SendingRules,
  type Store,
  type StoreLimits,
  sendingRules,
} from '@postern/mailbox-store'
import type { Route } from '@postern/routing'
import { type Certificates, networks, openCertificates } from '@postern/service'
import type { Posting } from '@postern/sink'
import { MemoryBudget } from '@postern/smtp'
import { createLogger, createMetrics, type Metrics } from '@postern/telemetry'
import {
  type Admission,
  defaultSubmissionLimits,
  type RecipientFacts,
  type SendingLookups,
  type SubmissionLimits,
  type SubmissionServer,
  type SubmissionServerOptions,
  startSubmissionServer,
} from '../src/index.js'

export const password = 'secret'
/** Ada's, where tokens are taken. */
export const goodToken = 'good.token'

/** What a test may say of the doors; else they are for 200 clients. */
export type Doors = Partial<
  Pick<SubmissionServerOptions, 'tokens' | 'proxyNetworks' | 'connectionsMax' | 'connectionsPerAddressMax' | 'clock'>
> & {
  /** Of what may not touch the disk. */
  readonly memoryBytes?: number
}

const doorsOf = ({ memoryBytes: _, ...doors }: Doors): Omit<Doors, 'memoryBytes'> => doors

interface Parts {
  readonly store: Store
  readonly server: SubmissionServer
  readonly doorbell: Doorbell
  /** What was logged as an error: no conversation may cause any. */
  readonly errors: string[]
  /** All that was logged, from debug on. */
  readonly lines: string[]
  readonly metrics: Metrics
  readonly certificates: Certificates
  readonly folder: string
}

export class TestServer {
  readonly store: Store
  readonly server: SubmissionServer
  readonly doorbell: Doorbell
  readonly errors: string[]
  readonly lines: string[]
  readonly metrics: Metrics
  readonly certificates: Certificates
  readonly folder: string
  readonly #end: () => Promise<void>
  #domains = 0
  town: Town | undefined
  /** What a sink answers. */
  sink: (url: string, posting: Posting) => Promise<number> = async () => 503
  /** What the disk does at a write. */
  fault: Fault | undefined

  static async start(
    limits: Partial<SubmissionLimits> = {},
    storeLimits: Partial<StoreLimits> = {},
    doors: Doors = {},
  ): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), 'postern-submission-'))
    const errors: string[] = []
    const lines: string[] = []
    const write = (line: string): void => {
      lines.push(line)
      if (/"level":"(?:error|fatal)"/.test(line)) errors.push(line)
    }
    const logger = createLogger({ level: 'debug', destination: { write } })
    const metrics = createMetrics()
    let made: TestServer | undefined
    const doorbell = localDoorbell({ onError: (error) => errors.push(String(error)) })
    const store = await openStore({
      folder: join(folder, 'store'),
      limits: storeLimits,
      ring: (changes) => {
        for (const { mailbox, modSeq } of changes) doorbell.ring({ mailbox, modSeq })
      },
      onError: (error) => errors.push(String(error)),
      fault: (point) => made?.fault?.(point),
    })
    const clock = (): number => Date.now()
    const certificates = await openCertificates({
      ...{ dataDir: folder, hostname: 'localhost', watchMs: 60_000, clock, logger, metrics },
    })
    const town = (): Town => {
      if (made?.town === undefined) throw new Error('nobody has settled')
      return made.town
    }
    const server = await startSubmissionServer({
      ...{ store, logger, metrics, certificates, clock, hostname: 'mail.example.test' },
      limits: { lingerMs: 200, ...limits },
      ...{ host: '127.0.0.1', tlsPort: 0, startTlsPort: 0, connectionsMax: 200, connectionsPerAddressMax: 200 },
      proxyNetworks: networks([]),
      sending: localSending({ messagesMax: 100 }),
      sinks: {
        post: async (url, posting) => (made as TestServer).sink(url, posting),
        of: ({ sink }) => (sink === undefined ? undefined : { url: sink, secret: 's3cret' }),
      },
      holding: {
        folder: join(folder, 'incoming'),
        memoryBytesMax: 65_536,
        budget: new MemoryBudget(doors.memoryBytes ?? 1_000_000),
      },
      ...doorsOf(doors),
      lookups: lookups(store, { town, limits: { ...defaultSubmissionLimits, ...limits } }),
      login: async ({ user = 'ada', authorize = user, secret, token }) => {
        const isRight = secret === password || (token === goodToken && user === 'ada')
        return isRight && authorize === user ? town().admission(user) : undefined
      },
    })
    made = new TestServer({ store, server, doorbell, errors, lines, metrics, certificates, folder }, async () => {
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
    this.doorbell = parts.doorbell
    this.errors = parts.errors
    this.lines = parts.lines
    this.metrics = parts.metrics
    this.certificates = parts.certificates
    this.folder = parts.folder
    this.#end = end
  }

  /** A new domain, with the inboxes of ada and bob; whoever logs in from now on lives there. */
  async settle(): Promise<Town> {
    const { directory } = this.store
    const { environment } = await directory.ensureDefault({ tenant: 'default', environment: 'production' })
    const name = `town${++this.#domains}.example.test`
    const domain = await directory.createDomain({ environment: environment.id, name })
    await directory.markDomainVerified(domain.id, { how: 'operator' })
    this.town = new Town(this.store, domain)
    await this.town.inbox('ada')
    await this.town.inbox('bob')
    return this.town
  }

  /** A connection, logged in where the town's sessions begin so. */
  async connect(): Promise<Wire> {
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
    const beginning = this.town?.beginning ?? []
    if (beginning.length > 0) await until(wire, '220 ')
    for (const [line, answer] of beginning) {
      await wire.write(Buffer.from(`${line}\r\n`))
      await until(wire, answer)
    }
    return wire
  }

  #dial(): Socket {
    const place = { host: '127.0.0.1', noDelay: true }
    if (this.town?.inClear === true) return dialInClear({ ...place, port: this.server.startTlsPort })
    return dial({ ...place, port: this.server.tlsPort, rejectUnauthorized: false } as never)
  }

  async close(): Promise<void> {
    await this.#end()
  }
}

async function until(wire: Wire, words: string): Promise<void> {
  let text = ''
  const hasCome = (): boolean =>
    text
      .split('\r\n')
      .slice(0, -1)
      .some((line) => line.startsWith(words))
  while (!hasCome()) {
    const bytes = await wire.read()
    if (bytes === undefined) throw new Error(`the connection ended before ${words}: ${text}`)
    text += Buffer.from(bytes).toString('latin1')
  }
}

function lookups(
  { directory }: Store,
  { town, limits }: { readonly town: () => Town; readonly limits: SubmissionLimits },
): SendingLookups {
  return {
    findAddress: (address) => directory.findAddress(address),
    findDomain: (name) => directory.findDomain(name),
    domainNow: ({ id }) => directory.getDomain(id),
    async recipientFor(address): Promise<RecipientFacts> {
      const domain = await directory.findDomain(address.slice(address.lastIndexOf('@') + 1))
      if (domain === undefined) return { kind: 'remote' }
      const found = await directory.findAddress(address)
      if (found === undefined) return { kind: 'unknown', domain }
      return found.via === 'catch-all' ? { kind: 'catch-all', ...found } : { kind: 'inbox', ...found }
    },
    routeFor: async () => ({ route: town().route }),
    async sendingRulesFor() {
      const { messageBytesMax, recipientsMax, sessionMsMax } = limits
      const defaults = { messageBytesMax, recipientsMax, sessionMsMax, showClientAddress: false }
      return sendingRules({ inbox: town().rules, defaults })
    },
  }
}

/** AUTH PLAIN's message for ada. */
export const adasPlain = Buffer.from(`\0ada\0${password}`).toString('base64')

/** The people of one conversation, and what is given to them. */
export class Town {
  readonly inboxes = new Map<string, Inbox>()
  /** What every session says before the conversation begins, and how the answer to it ends. */
  beginning: readonly (readonly [line: string, answer: string])[] = []
  /** Its people come by the port that begins without TLS. */
  inClear = false
  route: Route = { kind: 'none' }
  rules: SendingRules = {}
  domain: Domain
  /** To end what ada's sessions were let in by. */
  readonly endings: (() => void)[] = []
  /** What was noted of the clients. */
  readonly clients: (string | undefined)[] = []
  readonly #store: Store

  constructor(store: Store, domain: Domain) {
    this.#store = store
    this.domain = domain
  }

  get name(): string {
    return this.domain.name
  }

  async inbox(local: string, { domain = this.domain }: { domain?: Domain } = {}): Promise<Inbox> {
    const address = `${local}@${domain.name}`
    const inbox = await this.#store.directory.createInbox({ domain: domain.id, address })
    this.inboxes.set(local, inbox)
    return inbox
  }

  account(local: string): Account {
    return this.#store.account((this.inboxes.get(local) as Inbox).id)
  }

  /** The raw messages of a mailbox, in their order. */
  async mails(local: string, mailbox: string): Promise<string[]> {
    const account = this.account(local)
    const found = await account.mailbox(mailbox)
    if (found === undefined) throw new Error(`there is no ${mailbox}`)
    const open = await account.open(found.id)
    try {
      await open.refresh()
      const { entries, length } = open.index
      const messages = entries.messages.subarray(0, length)
      const contents = await Promise.all(Array.from(messages, (message) => open.content(message)))
      const bytes = await Promise.all(contents.map((content) => content?.bytes()))
      return bytes.map((each) => Buffer.from(each ?? []).toString('latin1'))
    } finally {
      open.close()
    }
  }

  admission(user: string): Admission | undefined {
    const inbox = this.inboxes.get(user)
    if (inbox === undefined && user !== '*') return undefined
    return {
      sender: { credential: undefined, inbox, domain: this.domain },
      address: inbox?.address ?? `*@${this.name}`,
      onEnded: (listener) => void this.endings.push(listener),
      used: (client) => void this.clients.push(client),
    }
  }

  /** The `Given` lines of the dialogues. */
  async given(text: string): Promise<void> {
    const [what, ...rest] = text.split(' ')
    if (text === 'in clear') this.inClear = true
    else if (text === 'logged in') this.beginning = loggedIn
    else if (text === 'a sender') this.beginning = [...loggedIn, [`MAIL FROM:<ada@${this.name}>`, '250 ']]
    else if (what === 'route') this.route = routes[rest[0] as string] as Route
    else if (what === 'mode') await this.#change({ mode: rest[0] as DomainMode, settings: { publicKey: 'k' } })
    else if (text === 'catch-all') await this.#change({ catchAll: true })
    else if (what === 'inbox') await this.inbox(rest[0] as string)
    else if (what === 'disabled')
      await this.#store.directory.updateInbox((await this.inbox(rest[0] as string)).id, { disabled: true })
    else if (what === 'full')
      await this.#store.directory.updateInbox((this.inboxes.get(rest[0] as string) as Inbox).id, { quotaBytes: 1 })
    else if (what === 'rule') this.rules = { ...this.rules, [rest[0] as string]: ruleValue(rest[1] as string) }
    else throw new Error(`nobody knows what this gives: ${text}`)
  }

  async #change(changes: DomainChanges): Promise<void> {
    this.domain = await this.#store.directory.updateDomain(this.domain.id, changes)
  }
}

const ruleValue = (text: string): string | number | boolean => {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^\d+$/.test(text) ? Number(text) : text
}

const loggedIn = [
  ['EHLO client.example.test', '250 '],
  [`AUTH PLAIN ${adasPlain}`, '235 '],
] as const

const routes: Readonly<Record<string, Route>> = {
  direct: { kind: 'direct', port: 25 },
  resend: { kind: 'resend', apiKey: 'x', endpoint: undefined },
}
