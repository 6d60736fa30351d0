// Two processes behind Debian's HAProxy (config/haproxy.cfg) with a Redis between them, restarted one after the other while clients are
// in IDLE and mail comes all the time, filed and submitted: everybody is back within ten seconds, has seen every message that the store
// has, and what was confirmed is there once. ROLLING_CLIENTS=500 is `npm run chaos:rolling`.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '@postern/mailbox-store'
import { createTransport } from 'nodemailer'
import { expect, onTestFinished, test } from 'vitest'
import { commandLine } from './command-line.js'
import { newFolder, stop } from './gateway-process.js'
import { doorPorts, doorSettings, type Front, startHaproxy } from './haproxy-process.js'
import { Idler } from './idler.js'
import { startRedis } from './redis-process.js'
import { append, client, type Running, running } from './sharing-gateways.js'

const clientsCount = Number(process.env.ROLLING_CLIENTS ?? 60)
const clientsPerInbox = 50
/** What the contract of this test says: back, and with all mail, within so much. */
const backWithinMs = 10_000
/** docker and others kill then. */
const stopPeriodMs = 10_000
/** The work of the clients themselves, in this one process. */
const settleMs = 30_000

interface Inbox {
  readonly address: string
  readonly password: string
}

async function inboxes(env: Record<string, string>): Promise<Inbox[]> {
  const made: Inbox[] = []
  for (let n = 0; n < Math.ceil(clientsCount / clientsPerInbox); n++) {
    const address = `reader${n}@example.test`
    const { stdout } = await commandLine(['inbox', 'create', address, '--json'], { env })
    made.push({ address, password: JSON.parse(stdout).imap_password })
  }
  return made
}

const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)] as Item
const largest = (numbers: readonly number[]): number => Math.round(Math.max(0, ...numbers))

/** Files a message every now and then, and comes back when it's sent away; what wasn't confirmed it files again. */
async function file(front: Running, inbox: Inbox, on: { isOver: boolean; filed: number }): Promise<void> {
  while (!on.isOver) {
    try {
      const writer = await client(front, { user: inbox.address, password: inbox.password, patienceMs: 5_000 })
      while (!on.isOver) {
        await append(writer, `filed ${on.filed}`)
        on.filed++
        await sleep(100 + Math.random() * 200)
      }
      await writer.say('o LOGOUT', 'o OK')
    } catch {
      await sleep(100)
    }
  }
}

/** Submits a message every now and then: the same bytes again until they're confirmed. */
async function submit(port: number, ca: Buffer, all: readonly Inbox[], on: { isOver: boolean; tries: number }) {
  const confirmed: { readonly to: string; readonly subject: string }[] = []
  const { address: from, password: pass } = all[0]!
  const transport = createTransport({
    ...{ host: '127.0.0.1', port, secure: true, auth: { user: from, pass } },
    tls: { ca, servername: 'localhost' },
  })
  onTestFinished(() => transport.close())
  while (!on.isOver) {
    const to = pick(all).address
    const subject = `submitted ${confirmed.length}`
    const head = `From: ${from}\r\nTo: ${to}\r\nSubject: ${subject}\r\nMessage-ID: <${confirmed.length}@example.test>\r\n`
    const raw = `${head}Date: ${new Date().toUTCString()}\r\n\r\nHello.\r\n`
    for (let isConfirmed = false; !isConfirmed; ) {
      on.tries++
      isConfirmed = await transport.sendMail({ envelope: { from, to: [to] }, raw }).then(
        () => true,
        () => sleep(50).then(() => false),
      )
    }
    confirmed.push({ to, subject })
    await sleep(Math.random() * 150)
  }
  return confirmed
}

/** The store itself, beside the processes: of each inbox the uids that it has. */
async function inStore(dataDir: string, all: readonly Inbox[]): Promise<() => Promise<number[][]>> {
  const store = await openStore({ folder: dataDir })
  onTestFinished(() => store.close())
  const inboxes = await Promise.all(
    all.map(async ({ address }) => {
      const found = await store.directory.findAddress(address)
      if (found?.via !== 'address') throw new Error(`no ${address}`)
      const account = store.account(found.inbox.id)
      return { account, id: (await account.mailbox('INBOX'))!.id }
    }),
  )
  return () =>
    Promise.all(
      inboxes.map(async ({ account, id }) => (await account.changesSince(id, 0)).changed.map(({ uid }) => uid)),
    )
}

test(`two restarts under ${clientsCount} clients in IDLE`, { timeout: 180_000 }, async () => {
  const redis = await startRedis()
  const dataDir = join(newFolder(), 'data')
  const shared = {
    POSTERN_REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    POSTERN_ROLES: 'imap,submission',
    POSTERN_IMAP_SESSIONS_PER_INBOX_MAX: '500',
    POSTERN_CONNECTIONS_PER_ADDRESS_MAX: '10000',
  }
  const behind = [await doorPorts(), await doorPorts()] as const
  const start = (n: 0 | 1) => running(dataDir, { ...shared, ...doorSettings(behind[n]) })
  const its = [await start(0), await start(1)]
  const all = await inboxes({ POSTERN_DATA_DIR: dataDir })
  const front: Front = await startHaproxy(behind)
  const ca = readFileSync(its[0]!.said.caFile!)
  const through = { ...its[0]!, said: { ...its[0]!.said, imap: { host: 'localhost', port: front.imaps } } }

  const idlers = Array.from({ length: clientsCount }, (_, n) => {
    const { address: user, password } = all[Math.floor(n / clientsPerInbox)]!
    return new Idler({ port: front.imaps, ca, user, password })
  })
  const runs = idlers.map((idler) => idler.run())
  const truthOf = await inStore(dataDir, all)
  const areBack = async () => {
    const truth = await truthOf()
    const isBack = (idler: Idler, n: number) =>
      idler.isIdle && truth[Math.floor(n / clientsPerInbox)]!.every((uid) => idler.seen.has(uid))
    return idlers.filter((idler, n) => !isBack(idler, n)).length
  }
  await expect.poll(areBack, { timeout: 60_000, interval: 200 }).toBe(0)
  const on = { isOver: false, filed: 0, tries: 0 }
  const filing = all.map((inbox) => file(through, inbox, on))
  const submitting = submit(front.submissions, ca, all, on)

  const figures: Record<string, number>[] = []
  for (const n of [0, 1] as const) {
    await sleep(500)
    const { gateway, said } = its[n]!
    const before = idlers.map(({ away }) => away.length)
    const beganMs = performance.now()
    const ending = stop(gateway)
    await expect
      .poll(async () => (await fetch(said.health).catch(() => undefined))?.status ?? 0, { interval: 20 })
      .toBe(503)
    const notReadyMs = performance.now() - beganMs
    expect(await ending).toBe(0)
    const stoppedMs = performance.now() - beganMs
    expect(stoppedMs).toBeLessThan(stopPeriodMs)
    its[n] = await start(n)
    await expect.poll(() => idlers.every(({ isIdle }) => isIdle), { timeout: settleMs, interval: 20 }).toBe(true)
    const allBackMs = performance.now() - beganMs
    const away = idlers.flatMap((idler, i) => idler.away.slice(before[i]))
    expect(away.length, 'clients that were sent away').toBeGreaterThan(clientsCount / 5)
    expect(largest(away)).toBeLessThan(backWithinMs)
    figures.push({
      sentAway: away.length,
      longestAwayMs: largest(away),
      ...rounded({ notReadyMs, stoppedMs, allBackMs }),
    })
  }
  await sleep(500)
  on.isOver = true
  await Promise.all(filing)
  const confirmed = await submitting
  const lastMs = performance.now()
  await expect.poll(areBack, { timeout: settleMs, interval: 100 }).toBe(0)
  const settledMs = performance.now() - lastMs
  expect(settledMs, 'until everybody has seen what the store has').toBeLessThan(backWithinMs)

  // When a message was first seen by any client of its inbox, and when by the last one.
  const truth = await truthOf()
  const lags = truth.flatMap((uids, inbox) => {
    const those = idlers.slice(inbox * clientsPerInbox, (inbox + 1) * clientsPerInbox)
    return uids.map((uid) => {
      const times = those.map(({ seen }) => seen.get(uid)!)
      return Math.max(...times) - Math.min(...times)
    })
  })
  expect(largest(lags)).toBeLessThan(backWithinMs)
  expect(idlers.flatMap(({ troubles }) => troubles)).toEqual([])
  expect(new Set(idlers.flatMap(({ goodbyes }) => goodbyes))).toEqual(new Set(['The server is going down']))
  await expectEachOnce(through, all, confirmed)
  const messages = truth.reduce((sum, uids) => sum + uids.length, 0)
  const sums = { messages, filed: on.filed, submitted: confirmed.length, submitTries: on.tries }
  console.info(JSON.stringify({ clients: clientsCount, restarts: figures, largestLagMs: largest(lags), ...sums }))

  for (const idler of idlers) idler.end()
  await Promise.all(runs)
  expect(await Promise.all(its.map(({ gateway }) => stop(gateway)))).toEqual([0, 0])
})

const rounded = (times: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, Math.round(ms)]))

async function expectEachOnce(
  through: Running,
  all: readonly Inbox[],
  confirmed: readonly { readonly to: string; readonly subject: string }[],
): Promise<void> {
  expect(confirmed.length).toBeGreaterThan(5)
  for (const { address, password } of all) {
    const reader = await client(through, { user: address, password })
    const answer = await reader.say('f FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])', 'f OK')
    const subjects = [...answer.matchAll(/^Subject: (submitted \d+)\r$/gm)].map(([, subject]) => subject)
    const expected = confirmed.filter(({ to }) => to === address).map(({ subject }) => subject)
    expect(subjects.sort()).toEqual(expected.sort())
    await reader.say('o LOGOUT', 'o OK')
  }
}
