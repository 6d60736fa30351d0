// Two processes for IMAP and one for submission on one data folder, while Redis is killed, started again and paused at random: what
// every session was told is compared with what the store has, over and over. Clients in IDLE say nothing all the time, so that whatever
// they know has come by a ring or by the turns in which everyone is rung. CHAOS_MS makes it longer, CHAOS_SEED repeats a run.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Flags, openStore, systemFlag } from '@postern/mailbox-store'
import { createTransport } from 'nodemailer'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, run, stop } from './gateway-process.js'
import { type RedisProcess, startRedis } from './redis-process.js'
import { append, type Client, client, type Opening, type Running, running } from './sharing-gateways.js'

const chaosMs = Number(process.env.CHAOS_MS ?? 12_000)
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000)
/** After the last change: the turns take five seconds, and the machine may be busy. */
const settleMs = 30_000

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A mailbox as a client knows it: of each message its flags, where it was told them. */
type View = (string | undefined)[]

const flagsIn = (text: string): string | undefined =>
  /FLAGS \(([^)]*)\)/
    .exec(text)?.[1]
    ?.split(' ')
    .filter((flag) => flag !== '\\Recent')
    .sort()
    .join(' ')

function viewOf(text: string): View {
  const view: View = []
  for (const [, number, what, rest] of text.matchAll(/^\* (\d+) (EXISTS|EXPUNGE|FETCH)(.*)\r$/gm)) {
    const at = Number(number)
    if (what === 'EXISTS') while (view.length < at) view.push(undefined)
    else if (what === 'EXPUNGE') view.splice(at - 1, 1)
    else view[at - 1] = flagsIn(rest ?? '') ?? view[at - 1]
  }
  return view
}

/** One random change. The writer knows how many messages it was told of. */
async function change(writer: Client, random: () => number, subject: number): Promise<void> {
  const count = viewOf(writer.text()).length
  const message = 1 + Math.floor(random() * count)
  const kind = random()
  if (count === 0 || kind < 0.5) await append(writer, `news ${subject}`)
  else if (kind < 0.85) {
    const flag = ['\\Seen', '\\Flagged', '\\Answered', '$Forwarded'][Math.floor(random() * 4)]
    await writer.say(`w STORE ${message} ${random() < 0.6 ? '+' : '-'}FLAGS (${flag})`, 'w ')
  } else {
    await writer.say(`w STORE ${message} +FLAGS (\\Deleted)`, 'w ')
    await writer.say('e EXPUNGE', 'e ')
  }
}

const flagNames: Readonly<Record<keyof typeof systemFlag, string>> = {
  seen: '\\Seen',
  answered: '\\Answered',
  flagged: '\\Flagged',
  deleted: '\\Deleted',
  draft: '\\Draft',
}

/** As `flagsIn` has them. */
function namesOf({ system, keywords }: Flags): string {
  const known = Object.entries(systemFlag) as [keyof typeof systemFlag, number][]
  const names = known.filter(([, bit]) => system & bit).map(([flag]) => flagNames[flag])
  return [...names, ...keywords].sort().join(' ')
}

/** The store itself, beside the processes: of each message of INBOX, in order, its flags. */
async function inStore(dataDir: string): Promise<() => Promise<string[]>> {
  const store = await openStore({ folder: dataDir })
  onTestFinished(() => store.close())
  const found = await store.directory.findAddress('me@example.test')
  if (found?.via !== 'address') throw new Error('no inbox')
  const account = store.account(found.inbox.id)
  const { id } = (await account.mailbox('INBOX'))!
  return async () => {
    const { changed } = await account.changesSince(id, 0)
    return [...changed].sort((a, b) => a.uid - b.uid).map(({ flags }) => namesOf(flags))
  }
}

/** What has a 250 is in Sent once, whatever became of it in INBOX. */
async function expectInSent(gateway: Running, password: string, subjects: readonly string[]): Promise<void> {
  const reader = await client(gateway, { password, mailbox: 'Sent' })
  const answer = await reader.say('f FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])', 'f OK')
  const found = [...answer.matchAll(/^Subject: (sent \d+)\r$/gm)].map(([, subject]) => subject as string)
  expect(found.sort()).toEqual([...subjects].sort())
}

function mailer({ said }: Running, pass: string) {
  const transport = createTransport({
    ...{ host: '127.0.0.1', port: said.smtp!.port, secure: true, pool: true, maxConnections: 1 },
    auth: { user: 'me@example.test', pass },
    tls: { ca: readFileSync(said.caFile!), servername: 'localhost' },
  })
  onTestFinished(() => transport.close())
  return transport
}

/** Takes Redis away; returns how it comes back. */
async function away(redis: RedisProcess, random: () => number): Promise<() => Promise<void>> {
  if (random() < 0.5) {
    await redis.kill()
    return () => redis.start()
  }
  redis.pause()
  return async () => redis.resume()
}

test(`with Redis killed and paused at random, every session of three processes is told everything, and gets in (seed ${seed})`, {
  timeout: chaosMs + 120_000,
}, async () => {
  const random = randomFrom(seed)
  const redis = await startRedis()
  const dataDir = join(newFolder(), 'data')
  const env = { POSTERN_REDIS_URL: `redis://127.0.0.1:${redis.port}` }
  const imap = { ...env, POSTERN_ROLES: 'imap' }
  const gateways: Running[] = [await running(dataDir, imap), await running(dataDir, imap)]
  const submission = await running(dataDir, { ...env, POSTERN_ROLES: 'submission' })
  const password = gateways[0]!.said.firstStart!.password!
  const words = ['credential', 'create', '--label', 'x', '--scopes', 'imap', '--grant', '*@example.test', '--json']
  const { stdout } = await run(words, { env: { POSTERN_DATA_DIR: dataDir } })
  const merged = { user: '*@example.test', password: JSON.parse(stdout).secret as string }
  const each = (opening: Opening) => Promise.all(gateways.map((gateway) => client(gateway, opening)))
  const writers = await each({ password })
  // The merged INBOX of the domain holds the same mail: there's one inbox.
  const readers = (await Promise.all([{ password }, { password }, merged].map(each))).flat()
  for (const reader of readers) await reader.say('i IDLE', '+ ')

  const endsAtMs = performance.now() + chaosMs
  onTestFinished(() => redis.resume())
  const truthOf = await inStore(dataDir)
  const transport = mailer(submission, password)
  const sent: string[] = []
  const done = { rounds: 0, changes: 0, sent: 0, troubles: 0, logins: 0 }
  const longest = { loginMs: 0, newsMs: 0 }
  const write = async (writer: Client, untilMs: number) => {
    for (; performance.now() < untilMs; done.changes++) {
      await change(writer, random, done.changes)
      await sleep(random() * 60)
    }
  }
  const send = async (untilMs: number) => {
    for (; performance.now() < untilMs; done.sent++) {
      const subject = `sent ${done.sent}`
      await transport.sendMail({ from: 'me@example.test', to: 'me@example.test', subject, text: 'Hello.' })
      sent.push(subject)
      await sleep(random() * 200)
    }
  }
  const disturb = async (untilMs: number) => {
    for (; performance.now() < untilMs; done.troubles++) {
      const back = await away(redis, random)
      await sleep(random() * 1_500)
      await back()
      await sleep(random() * 1_500)
    }
  }
  const logIn = async (untilMs: number) => {
    for (; performance.now() < untilMs; done.logins++) {
      const beganMs = performance.now()
      const visitor = await client(gateways[Math.floor(random() * 2)]!, { password })
      longest.loginMs = Math.max(longest.loginMs, performance.now() - beganMs)
      await visitor.say('o LOGOUT', 'o OK')
      await sleep(200)
    }
  }
  const compare = async () => {
    const truth = await truthOf()
    const knows = ({ text }: Client) => {
      const view = viewOf(text())
      return truth.length === view.length && view.every((flags, at) => flags === undefined || flags === truth[at])
    }
    await expect.poll(() => readers.map(knows), { timeout: settleMs, interval: 50 }).not.toContain(false)
    // Who isn't in IDLE is told when he says something.
    for (const writer of writers) await writer.say('n NOOP', 'n OK')
    expect(writers.map(knows)).toEqual([true, true])
  }
  /** The last changes of a round come while Redis is away; it stays so until everybody knows, or comes back at once. */
  for (; performance.now() < endsAtMs; done.rounds++) {
    const untilMs = performance.now() + 500 + random() * 2_500
    await Promise.all([
      ...writers.map((writer) => write(writer, untilMs)),
      disturb(untilMs),
      logIn(untilMs),
      send(untilMs),
    ])
    const back = await away(redis, random)
    await Promise.all([
      ...writers.map((writer) => write(writer, performance.now() + 100)),
      send(performance.now() + 100),
    ])
    const isBackFirst = random() < 0.5
    if (isBackFirst) await back()
    const beganMs = performance.now()
    await compare()
    longest.newsMs = Math.max(longest.newsMs, performance.now() - beganMs)
    if (!isBackFirst) await back()
  }
  console.info(
    `${JSON.stringify(done)}, longest login ${Math.round(longest.loginMs)} ms, longest wait for news ${Math.round(longest.newsMs)} ms`,
  )
  await expectInSent(gateways[1]!, password, sent)
  expect(longest.loginMs).toBeLessThan(10_000)
  transport.close()
  const all = [...gateways, submission]
  expect(await Promise.all(all.map(({ gateway }) => stop(gateway)))).toEqual([0, 0, 0])
})
