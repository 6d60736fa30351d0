#!/usr/bin/env node
/**
 * bench:auth — what a login costs by itself, without TLS: the gate over a real store with 5,000 inboxes, as IMAP asks it, with
 * the handle, the note of last use and the session's coming and going. Times are of the processor, of the whole process; the
 * goals are 0.3 ms a login and 2,000 checks a second on one core.
 *
 *   npm run bench:auth [-- seconds]
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mintSecret, secretHasher } from '@postern/auth'
import { localCounters, localDoorbell } from '@postern/events'
import { openStore } from '@postern/mailbox-store'
import { createLogger } from '@postern/telemetry'
import { createGatePart } from '../dist/parts/gate.js'
import { createLogin } from '../dist/parts/login.js'

const seconds = Number(process.argv[2] ?? 3)
const inboxes = 5_000
const serverKey = randomBytes(32)
const folder = mkdtempSync(join(tmpdir(), 'postern-bench-auth-'))
const store = await openStore({ folder })
const { directory } = store

const { environment } = await directory.ensureDefault({ tenant: 'bench', environment: 'production' })
const domain = await directory.createDomain({ environment: environment.id, name: 'example.test' })
await directory.markDomainVerified(domain.id, { how: 'operator' })
const mint = () => mintSecret('app', { random: randomBytes, serverKey })

async function person(i) {
  const address = `user${i}@example.test`
  const inbox = await directory.createInbox({ domain: domain.id, address })
  const { secret, ...minted } = mint()
  const own = { kind: 'app', environment: environment.id, inbox: inbox.id, label: 'bench', secret: minted }
  await directory.createCredential({ ...own, scopes: ['imap', 'smtp'] })
  return { user: address, secret }
}
const people = await Promise.all(Array.from({ length: inboxes }, (_, i) => person(i)))

const logger = createLogger({ level: 'silent' })
const doorbell = localDoorbell({ onError: (error) => console.error(error) })
const clock = Date.now
const counters = localCounters({ keysMax: 100_000, membersMax: 100 })
const part = createGatePart({
  store: () => store,
  serverKey: () => serverKey,
  issuers: [],
  counters,
  doorbell,
  logger,
  clock,
})
await part.start()
const login = createLogin({ gate: part.gate, live: part.live, store: () => store, logger, clock })

async function loggedIn(i) {
  const someone = people[i % inboxes]
  const admission = await login({ ...someone, remoteAddress: `10.0.${(i >> 8) & 255}.${i & 255}`, session: `s${i}` })
  if (admission === undefined) throw new Error('not let in')
  admission.onEnded(() => undefined)
  admission.used(undefined)
  admission.left()
}

const question = (i, secret = people[i % inboxes].secret) => ({
  ...{ user: people[i % inboxes].user, secret, protocol: 'imap', address: '192.0.2.7', correlation: 's' },
})
async function checked(i) {
  if (!(await part.gate.ask(question(i))).admitted) throw new Error('not let in')
}

const hasher = secretHasher(serverKey)
const hash = mint().hash

/** One after another, on one core, for so long. */
async function measure(name, work, goals) {
  for (let i = 0; i < 2_000; i++) await work(i)
  const begun = performance.now()
  const before = process.cpuUsage()
  let done = 0
  while (performance.now() - begun < seconds * 1_000) for (let i = 0; i < 100; i++) await work(done++)
  const elapsed = (performance.now() - begun) / 1_000
  const { user, system } = process.cpuUsage(before)
  const cpuMs = (user + system) / 1_000 / done
  const met = goals === undefined ? '' : cpuMs <= goals.cpuMs && done / elapsed >= goals.perSecond ? 'met' : 'MISSED'
  console.log(
    `${name.padEnd(44)} ${cpuMs.toFixed(4).padStart(9)} ms CPU ${Math.round(done / elapsed)
      .toString()
      .padStart(9)} /s  ${met}`,
  )
  return met !== 'MISSED'
}

try {
  const goals = { cpuMs: 0.3, perSecond: 2_000 }
  const results = [
    await measure('login: question, handle, last use, in and out', loggedIn, goals),
    await measure('check: the question alone', checked, goals),
    await measure(
      'of that: one keyed hash and its comparison',
      async (i) => void hasher.isRight(people[i % inboxes].secret, hash),
    ),
    await measure('of that: finding the secret by its public part', (i) =>
      directory.findSecret(people[i % inboxes].secret.slice(7, 17)),
    ),
    await measure('of that: finding the inbox by its address', (i) => directory.findAddress(people[i % inboxes].user)),
  ]
  if (results.includes(false)) process.exitCode = 1
} finally {
  await part.stop()
  await doorbell.close()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
}
