// A relay on a real store, with a clock in the test's hand and remote servers that answer as the test says.

import { setMaxListeners } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Doorbell, localDoorbell } from '@postern/events'
import {
  type AccountId,
  type Inbox,
  openStore,
  type QueueRecipient,
  type Store,
  type Submission,
  type SubmitRecipient,
} from '@postern/mailbox-store'
import type { Route } from '@postern/routing'
import { createLogger, createMailLog, createMetrics, type Metrics } from '@postern/telemetry'
import type { DkimKey } from '../src/dkim/signature.js'
import { type Relay, startRelay } from '../src/relay.js'
import type { RelayLimits } from '../src/relay-limits.js'
import type { SealFor } from '../src/sealing.js'
import type { Parcel, ParcelRecipient, Sent } from '../src/transport.js'
import type { LocalAddress } from '../src/ways.js'

/** What a remote says to one recipient; `id` is filled in. */
export type Answer = Sent extends infer S ? (S extends Sent ? Omit<S, 'id'> : never) : never
export const taken: Answer = {
  kind: 'delivered',
  relaysDsn: false,
  code: '250',
  status: '2.0.0',
  text: 'Ok',
  remote: 'mx.remote.test [192.0.2.1]',
}
export const refusedAnswer: Answer = {
  kind: 'failed',
  code: '550',
  status: '5.1.1',
  text: 'No such user',
  remote: 'mx.remote.test',
}
export const later: Answer = {
  kind: 'deferred',
  code: '450',
  status: '4.2.1',
  text: 'Try later',
  remote: 'mx.remote.test',
}

export interface Carried {
  readonly parcel: Parcel
  readonly text: string
}

export interface Bench {
  readonly folder: string
  readonly store: Store
  readonly doorbell: Doorbell
  readonly clock: { now: number }
  readonly fault: { on: string | undefined }
  readonly ada: Inbox
  readonly bob: Inbox
  readonly metrics: Metrics
  /** Lines of the log, parsed. */
  readonly lines: Record<string, unknown>[]
  readonly carried: Carried[]
  readonly remote: {
    answer: (recipient: ParcelRecipient, parcel: Parcel) => Answer | Promise<Answer>
    route: Route
    /** In place of `route`, by who sends. */
    routeOf: ((from: { sender: string }) => Route) | undefined
    keys: readonly DkimKey[]
    notices: boolean
    /** In place of the sender's own INBOX. */
    noticePlaceOf: (() => Promise<AccountId | undefined>) | undefined
    sealFor: SealFor | undefined
    /** Abort signals of what is under way. */
    readonly signals: AbortSignal[]
  }
  submit(
    recipients: readonly (string | SubmitRecipient)[],
    more?: Partial<Submission> & { text?: string },
  ): Promise<string>
  relay(limits?: Partial<RelayLimits>): Promise<Relay>
  recipients(queueId: string): Promise<readonly QueueRecipient[]>
  states(queueId: string): Promise<string[]>
  /** Messages of the inbox, in their order. */
  inbox(account: AccountId): Promise<string[]>
  destroy(): Promise<void>
}

export const message = [
  'From: Ada <ada@example.test>',
  'To: Remote <r@remote.test>',
  'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from home',
  'Date: Mon, 1 Jan 2026 00:00:00 +0000',
  'Message-ID: <1@example.test>',
  '',
  'Hello\r\n',
].join('\r\n')

export async function makeBench({ messageBytesMax }: { messageBytesMax?: number } = {}): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-relay-'))
  const clock = { now: 1_800_000_000_000 }
  const fault: Bench['fault'] = { on: undefined }
  const lines: Record<string, unknown>[] = []
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(JSON.parse(line)) } })
  const doorbell = localDoorbell({ onError: (error) => lines.push({ level: 'error', error }) })
  const store = await openStore({
    folder,
    now: () => clock.now,
    limits: messageBytesMax === undefined ? {} : { messageBytesMax },
    ring: (changes) => {
      for (const { mailbox, modSeq } of changes) doorbell.ring({ mailbox, modSeq })
    },
    ringOutbox: () => doorbell.ring({ outbox: 'due' }),
    fault: (point) => {
      if (point === fault.on) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    },
  })
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const domain = await store.directory.createDomain({ environment: environment.id, name: 'example.test' })
  const ada = await store.directory.createInbox({ domain: domain.id, address: 'ada@example.test' })
  const bob = await store.directory.createInbox({ domain: domain.id, address: 'bob@example.test' })
  const metrics = createMetrics({ processMetrics: false })
  const mailLog = createMailLog({ logger, metrics })
  const relays: Relay[] = []
  const carried: Carried[] = []
  const remote: Bench['remote'] = {
    answer: () => taken,
    route: { kind: 'direct', port: 25 },
    routeOf: undefined,
    keys: [],
    notices: true,
    noticePlaceOf: undefined,
    sealFor: undefined,
    signals: [],
  }

  const localOf = async (address: string): Promise<LocalAddress | undefined> => {
    if (!address.endsWith('@example.test')) return undefined
    const found = await store.directory.findAddress(address)
    return found === undefined || found.via === 'catch-all'
      ? { status: '5.1.1', text: 'There is no such address here' }
      : { account: found.inbox.id }
  }

  return {
    ...{ folder, store, doorbell, clock, fault, ada, bob, metrics, lines, carried, remote },
    async submit(recipients, { text = message, ...more } = {}) {
      const staged = await store.stage(Buffer.from(text, 'utf8'))
      const { queueId } = await store.outbox.submit({
        account: ada.id,
        sender: 'ada@example.test',
        recipients: recipients.map((each) => (typeof each === 'string' ? { address: each } : each)),
        message: staged,
        internalDate: 1_800_000_000,
        body: '7bit',
        ...more,
      })
      return queueId
    },
    async relay(limits = {}) {
      const relay = await startRelay({
        ...{ store, doorbell, logger, metrics, mailLog, localOf },
        clock: () => clock.now,
        random: () => 0.5,
        hostname: 'mail.example.test',
        sealFor: async (account, text) => remote.sealFor?.(account, text),
        routeOf: async (from) => ({ route: remote.routeOf?.(from) ?? remote.route }),
        dkimOf: async () => remote.keys,
        noticePlaceOf: async ({ account }) => remote.noticePlaceOf?.() ?? (remote.notices ? account : undefined),
        transportFor: () => ({
          async send(parcel, { signal }) {
            remote.signals.push(signal)
            setMaxListeners(parcel.recipients.length + 1, signal)
            const pieces: Uint8Array[] = []
            for await (const piece of parcel.message.read()) pieces.push(piece)
            carried.push({ parcel, text: Buffer.concat(pieces).toString() })
            return Promise.all(
              parcel.recipients.map(async (recipient) => ({
                ...(await untilAborted(remote.answer(recipient, parcel), signal)),
                id: recipient.id,
              })),
            )
          },
          close: async () => {},
        }),
        limits: { pollMs: 20, ...limits },
      })
      relays.push(relay)
      return relay
    },
    recipients: async (queueId) => (await store.outbox.get(queueId)).recipients,
    states: async (queueId) => (await store.outbox.get(queueId)).recipients.map(({ state }) => state),
    async inbox(account) {
      const handle = store.account(account)
      const { id } = (await handle.mailbox('INBOX')) ?? { id: undefined }
      if (id === undefined) return []
      const open = await handle.open(id)
      await open.refresh()
      const ids = Array.from({ length: open.index.entries.length }, (_, i) => open.index.entries.at(i).message)
      const contents = await Promise.all(ids.map((each) => open.content(each)))
      const texts = await Promise.all(
        contents.map(async (content) => Buffer.from((await content?.bytes()) ?? '').toString()),
      )
      open.close()
      return texts
    },
    async destroy() {
      fault.on = undefined
      await Promise.all(relays.map((relay) => relay.close()))
      await doorbell.close()
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** As a transport does: an abort ends the wait, and the recipient is deferred. */
function untilAborted(answer: Answer | Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve({ kind: 'deferred', text: 'aborted' }))
    Promise.resolve(answer).then(resolve, reject)
  })
}

export async function until(holds: () => boolean | Promise<boolean>, waitMs = 15_000): Promise<void> {
  const end = Date.now() + waitMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${waitMs} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** An answer that comes when the test says. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
