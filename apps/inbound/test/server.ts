// A real server for the tests: a store in a folder of its own, TLS with a self-made certificate, SMTP and LMTP on free ports, and for each
// conversation a domain of its own with the inboxes of ada and bob.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as dial } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Wire } from '@postern/dialogue'
import { type Counters, type Doorbell, localCounters, localDoorbell } from '@postern/events'
import { type Domain, type DomainMode, type Fault, type Inbox, openStore, type Store } from '@postern/mailbox-store'
import { type Certificates, networks, openCertificates } from '@postern/service'
import { MemoryBudget } from '@postern/smtp'
import { createLogger, createMailLog, createMetrics, type Metrics } from '@postern/telemetry'
import {
  acceptAll,
  type Blocklists,
  defaultInboundLimits,
  type GuardLimits,
  type InboundContext,
  type InboundLimits,
  type InboundServer,
  plainPlan,
  type RecipientFacts,
  retained,
  startInboundServer,
} from '../src/index.js'

export interface ServerOptions {
  readonly limits?: Partial<InboundLimits>
  readonly guardLimits?: Partial<GuardLimits>
  /** Those of the tests themselves, unless they are to be strangers. */
  readonly trusted?: readonly string[]
  readonly lmtpNetworks?: readonly string[]
  readonly blocklists?: Blocklists
  readonly context?: (context: InboundContext) => Partial<InboundContext>
  readonly clock?: () => number
  /** One in the server's own folder unless told. */
  readonly lmtpSocket?: string
  /** There was a server before, which was killed. */
  readonly socketLeftOver?: boolean
}

interface Parts {
  readonly store: Store
  readonly server: InboundServer
  readonly doorbell: Doorbell
  readonly counters: Counters
  readonly errors: string[]
  readonly lines: string[]
  readonly metrics: Metrics
  readonly certificates: Certificates
  readonly folder: string
}

export class TestServer {
  readonly parts: Parts
  readonly #end: () => Promise<void>
  #domains = 0
  town: Town | undefined
  /** What the disk does at a write. */
  fault: Fault | undefined

  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), 'postern-inbound-'))
    const errors: string[] = []
    const lines: string[] = []
    const write = (line: string): void => {
      lines.push(line)
      if (/"level":"(?:error|fatal)"/.test(line)) errors.push(line)
    }
    const logger = createLogger({ level: 'debug', destination: { write } })
    const metrics = createMetrics({ processMetrics: false })
    let made: TestServer | undefined
    const doorbell = localDoorbell({ onError: (error) => errors.push(String(error)) })
    const store = await openStore({
      folder: join(folder, 'store'),
      ring: (changes) => {
        for (const { mailbox, modSeq } of changes) doorbell.ring({ mailbox, modSeq })
      },
      onError: (error) => errors.push(String(error)),
      fault: (point) => made?.fault?.(point),
    })
    const clock = options.clock ?? ((): number => Date.now())
    const counters = localCounters({ keysMax: 10_000, membersMax: 10 })
    const certificates = await openCertificates({
      ...{ dataDir: folder, hostname: 'localhost', watchMs: 60_000, clock, logger, metrics },
    })
    const limits = { ...defaultInboundLimits, lingerMs: 200, ...options.limits }
    const hostname = 'mx.example.test'
    const inbound: InboundContext = {
      ...{ store, logger, metrics, clock, hostname, judge: acceptAll, planner: plainPlan },
      modes: { retained: retained({ store, planner: plainPlan, hostname }) },
      recipientFor: (address) => factsOf(address, store),
      holding: {
        folder: join(folder, 'incoming'),
        memoryBytesMax: limits.heldBytesMax,
        budget: new MemoryBudget(limits.memoryBytesMax),
      },
      get postmasterDomain() {
        return made?.town?.name ?? 'example.test'
      },
      mailLog: createMailLog({ logger, metrics }),
    }
    const lmtpSocket = options.lmtpSocket ?? join(folder, 'lmtp.sock')
    if (options.socketLeftOver) await leaveSocket(lmtpSocket)
    const server = await startInboundServer({
      ...{ certificates, counters, limits, host: '127.0.0.1', mxPort: 0, lmtpPort: 0 },
      inbound: Object.assign(inbound, options.context?.(inbound)),
      lmtpSocket,
      lmtpNetworks: networks(options.lmtpNetworks ?? ['127.0.0.0/8']),
      trustedNetworks: networks(options.trusted ?? ['127.0.0.0/8']),
      guardLimits: { tarpitStepMs: 20, tarpitMsMax: 40, ...options.guardLimits },
      ...(options.blocklists && { blocklists: options.blocklists }),
      proxyNetworks: networks([]),
      ...{ connectionsMax: 200, connectionsPerAddressMax: 200 },
    })
    made = new TestServer(
      { store, server, doorbell, counters, errors, lines, metrics, certificates, folder },
      async () => {
        await server.close()
        certificates.close()
        await counters.close()
        await doorbell.close()
        await store.close()
        await rm(folder, { recursive: true, force: true })
      },
    )
    return made
  }

  constructor(parts: Parts, end: () => Promise<void>) {
    this.parts = parts
    this.#end = end
  }

  get mxPort(): number {
    return this.parts.server.mxPort
  }

  get lmtpPort(): number {
    return this.parts.server.lmtpPort
  }

  get lmtpSocket(): string {
    return join(this.parts.folder, 'lmtp.sock')
  }

  /** A new domain, with the inboxes of ada and bob. */
  async settle(name = `town${++this.#domains}.example.test`): Promise<Town> {
    const { directory } = this.parts.store
    const { environment } = await directory.ensureDefault({ tenant: 'default', environment: 'production' })
    const domain = await directory.createDomain({ environment: environment.id, name })
    await directory.markDomainVerified(domain.id, { how: 'operator' })
    this.town = new Town(this.parts.store, domain)
    await this.town.inbox('ada')
    await this.town.inbox('bob')
    return this.town
  }

  /** By the door that the town's conversation is for, with what every session there says first. */
  async connect(): Promise<Wire> {
    const { via = 'smtp', beginning = [] } = this.town ?? {}
    const socket =
      via === 'unix'
        ? dial(this.lmtpSocket)
        : dial({ host: '127.0.0.1', port: via === 'lmtp' ? this.lmtpPort : this.mxPort })
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
    if (beginning.length > 0) await until(wire, '220 ')
    for (const line of beginning) {
      wire.write(Buffer.from(`${line}\r\n`))
      await until(wire, '250 ')
    }
    return wire
  }

  async close(): Promise<void> {
    await this.#end()
  }
}

/** A socket whose process is gone, as SIGKILL leaves it. */
async function leaveSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  await once(spawn(process.execPath, ['-e', script]), 'exit')
}

async function until(wire: Wire, words: string): Promise<void> {
  let text = ''
  while (!text.split('\r\n').some((line, i, all) => i < all.length - 1 && line.startsWith(words))) {
    const bytes = await wire.read()
    if (bytes === undefined) throw new Error(`the connection ended before ${words}: ${text}`)
    text += Buffer.from(bytes).toString('latin1')
  }
}

async function factsOf(address: string, { directory }: Store): Promise<RecipientFacts> {
  const domain = await directory.findDomain(address.slice(address.lastIndexOf('@') + 1))
  if (domain?.verifiedAt === undefined) return { kind: 'remote' }
  const found = await directory.findAddress(address)
  if (found === undefined) return { kind: 'unknown', domain }
  return found.via === 'catch-all' ? { kind: 'catch-all', ...found } : { kind: 'inbox', ...found }
}

/** The people of one conversation. */
export class Town {
  readonly inboxes = new Map<string, Inbox>()
  /** What every session says before the conversation begins. */
  beginning: readonly string[] = []
  via: 'smtp' | 'lmtp' | 'unix' = 'smtp'
  domain: Domain
  readonly #store: Store

  constructor(store: Store, domain: Domain) {
    this.#store = store
    this.domain = domain
  }

  get name(): string {
    return this.domain.name
  }

  async inbox(local: string): Promise<Inbox> {
    const address = `${local}@${this.name}`
    const inbox = await this.#store.directory.createInbox({ domain: this.domain.id, address })
    this.inboxes.set(local, inbox)
    return inbox
  }

  /** The raw messages of a mailbox, in their order. */
  async mails(local: string, mailbox = 'INBOX'): Promise<string[]> {
    const found = await this.#store.directory.findAddress(`${local}@${this.name}`)
    if (found === undefined || found.via === 'catch-all') return []
    const account = this.#store.account(found.inbox.id)
    const box = await account.mailbox(mailbox)
    if (box === undefined) return []
    const open = await account.open(box.id)
    try {
      await open.refresh()
      const { entries, length } = open.index
      const contents = await Promise.all(Array.from(entries.messages.subarray(0, length), (each) => open.content(each)))
      const bytes = await Promise.all(contents.map((content) => content?.bytes()))
      return bytes.map((each) => Buffer.from(each ?? []).toString('latin1'))
    } finally {
      open.close()
    }
  }

  /** The `Given` lines of the dialogues. */
  async given(text: string): Promise<void> {
    const { directory } = this.#store
    const [what, ...rest] = text.split(' ')
    const named = async (local = ''): Promise<Inbox> => this.inboxes.get(local) ?? (await this.inbox(local))
    if (text === 'by LMTP') this.via = 'lmtp'
    else if (text === 'by LMTP on its socket') this.via = 'unix'
    else if (text === 'said hello') this.beginning = [`${this.via === 'smtp' ? 'EHLO' : 'LHLO'} client.example.org`]
    else if (text === 'a sender')
      this.beginning = [`${this.via === 'smtp' ? 'EHLO' : 'LHLO'} client.example.org`, 'MAIL FROM:<carol@example.org>']
    else if (text === 'catch-all') await this.change({ catchAll: true })
    else if (what === 'mode') await this.change({ mode: rest[0] as DomainMode })
    else if (what === 'inbox') await this.inbox(rest[0] as string)
    else if (what === 'disabled') await directory.updateInbox((await named(rest[0])).id, { disabled: true })
    else if (what === 'quota') await directory.updateInbox((await named(rest[0])).id, { quotaBytes: Number(rest[1]) })
    else if (what === 'alias')
      await directory.addAlias((await named(rest[1])).id, { address: `${rest[0]}@${this.name}` })
    else throw new Error(`nobody knows what this gives: ${text}`)
  }

  async change(changes: { mode?: DomainMode; catchAll?: boolean }): Promise<void> {
    this.domain = await this.#store.directory.updateDomain(this.domain.id, changes)
  }
}
