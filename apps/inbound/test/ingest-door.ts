// An HTTP port that takes mail, over a real store, with whatever keys a test wants; and the words of its tests.

import { createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Domain, type Inbox, openStore, type Store } from '@postern/mailbox-store'
import { createHttp, type HttpServer, networks } from '@postern/service'
import { MemoryBudget } from '@postern/smtp'
import { createLogger, createMailLog, createMetrics, type Metrics } from '@postern/telemetry'
import {
  acceptAll,
  createJudge,
  type Fetch,
  type InboundContext,
  type IngestSecret,
  ingestRoutes,
  nameLookups,
  plainPlan,
  retained,
} from '../src/index.js'

export const plain = 'From: carol@example.org\r\nSubject: Tea\r\n\r\nAt four?\r\n'
export const messageBytesMax = 3_000_000

export interface Door {
  readonly store: Store
  readonly domain: Domain
  readonly http: HttpServer
  readonly url: string
  readonly folder: string
  readonly keys: Map<string, IngestSecret>
  readonly lines: string[]
  readonly metrics: Metrics
  readonly clock: { now: number }
  /** What Amazon would answer. */
  readonly web: { fetch: Fetch; readonly asked: string[] }
  context: InboundContext
  inbox(local: string): Promise<Inbox>
  mails(of: Inbox): Promise<string[]>
  close(): Promise<void>
}

export async function openDoor({ requestTimeoutMs = 30_000, proxies = [] as readonly string[] } = {}): Promise<Door> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-ingest-'))
  const store = await openStore({ folder: join(folder, 'store') })
  const lines: string[] = []
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  const metrics = createMetrics({ processMetrics: false })
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const made = await store.directory.createDomain({ environment: environment.id, name: 'example.test' })
  const domain = await store.directory.markDomainVerified(made.id, { how: 'operator' })
  const clock = { now: Date.UTC(2026, 10, 20, 9, 30, 5) }
  const hostname = 'mx.example.test'
  const context: InboundContext = {
    ...{ store, hostname, logger, metrics, planner: plainPlan, judge: acceptAll, clock: () => clock.now },
    modes: { retained: retained({ store, planner: plainPlan, hostname }) },
    recipientFor: async (address) => {
      const found = await store.directory.findAddress(address)
      if (found?.via === 'catch-all') return { kind: 'catch-all', address: found.address, domain: found.domain }
      if (found !== undefined) return { kind: 'inbox', inbox: found.inbox, domain: found.domain }
      const known = await store.directory.findDomain(address.slice(address.lastIndexOf('@') + 1))
      return known === undefined ? { kind: 'remote' } : { kind: 'unknown', domain: known }
    },
    holding: { folder: join(folder, 'incoming'), memoryBytesMax: 262_144, budget: new MemoryBudget(10_000_000) },
    postmasterDomain: 'example.test',
    mailLog: createMailLog({ logger, metrics }),
  }
  const keys = new Map<string, IngestSecret>()
  const asked: string[] = []
  const web: Door['web'] = { asked, fetch: async () => new Response('', { status: 404 }) }
  const door = { context }
  const routes = ingestRoutes(() => ({
    inbound: door.context,
    keyFor: async (publicId) => keys.get(publicId),
    proxies: networks(proxies),
    fetch: (url, options) => {
      asked.push(url)
      return web.fetch(url, options)
    },
    limits: { messageBytesMax, recipientsMax: 100 },
  }))
  const http = createHttp({
    ...{ host: '127.0.0.1', port: 0, portSetting: 'POSTERN_HTTP_PORT', handlers: routes, logger },
    ...{ requestTimeoutMs, headersTimeoutMs: requestTimeoutMs, keepAliveTimeoutMs: 1_000 },
    ...{ headersMax: 100, headerBytesMax: 32_768, connectionsMax: 300 },
  })
  await http.start()
  return Object.assign(door, {
    ...{ store, domain, http, url: `http://127.0.0.1:${http.port}`, folder, keys, lines, metrics, clock, web },
    inbox: (local: string) => store.directory.createInbox({ domain: domain.id, address: `${local}@example.test` }),
    mails: (of: Inbox) => mailsOf(store, of),
    async close() {
      await http.stop()
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  })
}

/** From now on what comes is judged, by what that name server says. */
export function judgedBy(door: Door, server: string): void {
  const { logger, metrics, mailLog, clock, hostname } = door.context
  const judge = createJudge({
    ...{ logger, metrics, mailLog, clock, hostname, lot: () => 0, rspamd: undefined },
    names: nameLookups({ servers: [server], timeoutMs: 5_000 }),
    ...{ trustedSealers: new Set<string>(), fronts: networks([]), judgesFronts: false },
  })
  door.context = { ...door.context, judge }
}

export function addKey(door: Door, provider: IngestSecret['provider'], more: Partial<IngestSecret> = {}): IngestSecret {
  const { publicId: owner, environment, id } = door.domain
  const publicId = `ing_${provider}${door.keys.size}`
  const base = { publicId, provider, owner, environment, domain: id, disk: 'plain' as const }
  const key = { ...base, secret: `ps_ing_secret${door.keys.size}`, ...more }
  door.keys.set(key.publicId, key)
  return key
}

async function mailsOf(store: Store, of: Inbox): Promise<string[]> {
  const account = store.account(of.id)
  const found = await account.mailbox('INBOX')
  if (found === undefined) return []
  const open = await account.open(found.id)
  await open.refresh()
  const { entries, length } = open.index
  const contents = await Promise.all(Array.from(entries.messages.subarray(0, length), (each) => open.content(each)))
  const bytes = await Promise.all(contents.map((content) => content?.bytes()))
  open.close()
  return bytes.map((each) => Buffer.from(each ?? []).toString('latin1'))
}

export interface SignedFields {
  readonly id: string
  readonly recipients: string
  readonly sender: string
  readonly at: number
}

/** As docs/operations.md says it, in other words than the program's. */
export function signedHeaders(
  door: Door,
  { key, body, ...given }: { readonly key: IngestSecret; readonly body: string | Buffer } & Partial<SignedFields>,
): Record<string, string> {
  const { id = 'm1', recipients = 'ada@example.test', sender = 'carol@example.org', at = door.clock.now } = given
  const time = Math.floor(at / 1_000)
  const head = ['v1', time, id, sender, recipients, ''].join(':')
  const signature = createHmac('sha256', key.secret)
    .update(Buffer.concat([Buffer.from(head), Buffer.from(body)]))
    .digest('hex')
  return {
    ...{ 'Postern-Key': key.publicId, 'Postern-Id': id, 'Postern-Timestamp': `${time}`, 'Postern-Sender': sender },
    ...{ 'Postern-Recipients': recipients, 'Postern-Signature': `v1=${signature}`, 'Content-Type': 'message/rfc822' },
  }
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, never> & {
    error?: { name: string; code: number; message: string; fix: string; docs: string }
    results?: { address: string; status: string; reply: string }[]
    repeated?: boolean
    id?: string
  }
}

export async function post(url: string, init: RequestInit): Promise<Answered> {
  const response = await fetch(url, { method: 'POST', ...init })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answered['body'] }
}
