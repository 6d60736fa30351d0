// IMAP's way through the gate, on a store in this process: a login neither waits for the note of its last use nor fails with it,
// and what is noted is noted in time.

import { randomBytes } from 'node:crypto'
import { Gate, hashSecret, LiveAdmissions, mintSecret, secretHasher, Throttle } from '@postern/auth'
import { localCounters } from '@postern/events'
import { type LastUsed, openStore, type Store } from '@postern/mailbox-store'
import { createLogger } from '@postern/telemetry'
import { expect, onTestFinished, test } from 'vitest'
import { type DirectoryRecords, directoryLookups } from '../src/parts/directory-lookups.js'
import { createLogin } from '../src/parts/login.js'
import { newFolder } from './gateway-process.js'

const serverKey = Buffer.alloc(32, 7)

/** A login over a store whose notes of last use do as the test wants. */
async function setUp(touch: (used: LastUsed) => Promise<void>) {
  const store = await openStore({ folder: newFolder() })
  onTestFinished(() => store.close())
  const { directory } = store
  const { environment } = await directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const domain = await directory.createDomain({ environment: environment.id, name: 'example.test' })
  await directory.markDomainVerified(domain.id, { how: 'operator' })
  const inbox = await directory.createInbox({ domain: domain.id, address: 'ada@example.test' })
  const { secret, publicPart } = mintSecret('app', { random: randomBytes, serverKey })
  const minted = { publicPart, hash: hashSecret(secret, serverKey) }
  const own = { kind: 'app', environment: environment.id, inbox: inbox.id, label: 'x' } as const
  await directory.createCredential({ ...own, scopes: ['imap'], secret: minted })
  const noting = new Proxy(directory, {
    get: (real, name: keyof typeof directory) =>
      name === 'touchCredential' ? (_: number, used: LastUsed) => touch(used) : real[name].bind(real),
  })
  const seen: Store = { ...store, directory: noting }
  const lines: string[] = []
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  const time = { now: Date.now() }
  const clock = () => time.now
  const counters = localCounters({ keysMax: 100, membersMax: 100 })
  const hasher = () => secretHasher(serverKey)
  const gate = new Gate<DirectoryRecords>({
    lookups: directoryLookups(() => seen),
    hasher,
    throttle: new Throttle({ counters, hasher, clock }),
    verifyToken: undefined,
    onRefused: () => undefined,
    clock,
    wait: async () => undefined,
  })
  const live = new LiveAdmissions<DirectoryRecords>({ gate, clock, onError: (error) => void lines.push(String(error)) })
  const login = createLogin({ gate, live, store: () => seen, logger, clock })
  const come = () => login({ user: 'ada@example.test', secret, remoteAddress: '192.0.2.7', session: 's' })
  return { come, lines, time, live }
}

test.each<[string, () => Promise<void>]>([
  ['fails', () => Promise.reject(new Error('the disk is full'))],
  ['never ends', () => new Promise(() => {})],
])('a note of last use that %s keeps nobody out', async (what, touch) => {
  const { come, lines } = await setUp(touch)
  const admission = await come()
  expect(admission?.address).toBe('ada@example.test')
  admission?.used?.(undefined)
  expect((await admission?.account.mailboxes())?.length).toBeGreaterThan(0)
  if (what === 'fails') await expect.poll(() => lines.join('')).toContain('last use not noted')
})

test('a session that goes on is noted at least every minute, and at once when the client says what it is', async () => {
  const noted: LastUsed[] = []
  const { come, time } = await setUp(async (used) => void noted.push(used))
  const admission = await come()
  const begun = time.now
  for (let second = 0; second < 300; second++) {
    time.now = begun + second * 1_000
    admission?.used?.(second < 100 ? undefined : 'Thunderbird')
  }
  const gaps = noted.slice(1).map(({ at }, i) => at - (noted[i] as LastUsed).at)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000)
  expect(noted.length).toBeLessThan(20)
  expect(noted.find(({ client }) => client === 'Thunderbird')?.at).toBe(begun + 100_000)
  expect(noted[0]).toEqual({ at: begun, protocol: 'imap', network: '192.0.2.7', client: undefined })
})

test('who comes anew for each message is noted no more often than who stays, and at once as another client', async () => {
  const noted: LastUsed[] = []
  const { come, time } = await setUp(async (used) => void noted.push(used))
  const begun = time.now
  for (let second = 0; second < 60; second++) {
    time.now = begun + second * 1_000
    const admission = await come()
    admission?.used?.('a script')
    if (second >= 30) admission?.used?.('another')
  }
  const timesOf = (name: string) => noted.flatMap(({ client, at }) => (client === name ? [at - begun] : []))
  expect(timesOf('a script')).toEqual([0, 20_000, 40_000])
  expect(timesOf('another')).toEqual([30_000, 50_000])
})

test('who comes and goes leaves nothing behind', async () => {
  const { come, live } = await setUp(async () => undefined)
  for (let i = 0; i < 100; i++) {
    const admission = await come()
    admission?.onEnded?.(() => undefined)
    expect(live.size).toBe(1)
    admission?.left?.()
  }
  expect(live.size).toBe(0)
})
