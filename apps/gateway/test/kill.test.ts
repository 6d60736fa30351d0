// kill -9 of a gateway that takes mail and sends it, in one process and in two, at random moments over and over. Its clients do what
// clients do: they send again, byte for byte, what they heard no 250 for. In the end everything was sent, and is once in every
// INBOX and once in Sent; the next server has a second copy only of what it had taken when the answer was not written down yet.
// `npm run chaos:submission` does it a hundred times. Contract D4, E5.

import { openStore } from '@postern/mailbox-store'
import { expect, test } from 'vitest'
import type { Caller } from './caller.js'
import { type Process, postern, run, started, stop } from './gateway-process.js'
import { again, loggedIn, type Running, reader, running } from './mail-gateway.js'
import { type Remote, startRemote } from './remote.js'
import { SecondHand } from './second-hand.js'

const rounds = Number(process.env.POSTERN_KILLS ?? 8)
const clients = 4
/** Of one client in one round at the most. */
const messagesPerRound = 12
const largeBytes = 300_000

interface Mail {
  readonly name: string
  readonly text: string
}

test(`${rounds} kills`, { timeout: 30_000 + rounds * 6_000 }, async () => {
  const remote = await startRemote()
  const env = { POSTERN_ROUTE: `smtp://127.0.0.1:${remote.port}?tls=none` }
  let it = await running(env)
  const alice = await aliceOf(it)
  const confirmed = new Set<string>()
  const unheard = new Set<string>()
  let unanswered: Mail[] = []
  let made = 0
  const next = (): Mail => unanswered.pop() ?? mailOf(++made)

  for (let round = 0; round < rounds; round++) {
    const apart = round % 3 === 2
    const relayStarts = apart ? relayOf(it, env) : undefined
    if (round > 0) it = await again(it, apart ? { ...env, POSTERN_ROLES: 'submission' } : env)
    const relay = await relayStarts
    const lost: Mail[] = []
    const sending = Array.from({ length: clients }, () => sendUntilGone(it, { next, confirmed, lost }))
    const enough = confirmed.size + 1 + Math.random() * 2 * messagesPerRound
    await Promise.race([Promise.all(sending), until(() => confirmed.size >= enough)])
    await Promise.all([killed(it.gateway), relay && killed(relay)])
    await Promise.all(sending)
    unanswered = [...unanswered, ...lost]
    for (const name of await unwritten(it.dataDir)) if (takenOf(remote, name) > 0) unheard.add(name)
  }

  it = await again(it, env)
  while (unanswered.length > 0) await sendAll(it, { next, confirmed, unanswered })
  // What four relays have died with would wait for minutes.
  await run(['queue', 'retry', '--all-of', 'remote.test'], { env: { POSTERN_DATA_DIR: it.dataDir } })
  await expect.poll(() => waiting(it), { timeout: 60_000, interval: 100 }).toBe(0)

  const all = Array.from({ length: made }, (_, n) => mailOf(n + 1).name)
  expect([...confirmed].sort()).toEqual([...all].sort())
  expect(await names(it, 'Sent'), 'in Sent').toEqual([...all].sort())
  expect(await names({ ...it, user: 'alice@example.test', secret: alice }, 'INBOX'), 'local').toEqual([...all].sort())
  expect(await names(it, 'INBOX'), 'notifications').toEqual([])
  const copies = new Map(all.map((name) => [name, takenOf(remote, name)]))
  expect([...copies.values()].every((count) => count > 0)).toBe(true)
  for (const [name, count] of copies) if (count > 1) expect(unheard, `${count} of ${name}`).toContain(name)
  const twice = [...copies.values()].filter((count) => count > 1).length
  console.info(
    `${all.length} messages, ${rounds} kills: ${twice} reached the next server twice, each without an answer`,
  )
  expect(await stop(it.gateway)).toBe(0)
})

const mailOf = (n: number): Mail => {
  const body = n % 9 === 0 ? `${'x'.repeat(98)}\r\n`.repeat(largeBytes / 100) : 'Hello.\r\n'
  const bcc = n % 4 === 0 ? 'Bcc: hidden@example.test\r\n' : ''
  return { name: `m${n}`, text: `From: <me@example.test>\r\n${bcc}Subject: m${n}\r\n\r\n${body}.\r\n` }
}

const takenOf = ({ mails }: Remote, name: string): number =>
  mails.filter(({ to: [first] }) => first === `${name}@remote.test`).length

async function aliceOf(it: Running): Promise<string> {
  const hand = await SecondHand.on(it.dataDir)
  return (await hand.person('alice@example.test')).secret
}

async function relayOf(it: Running, env: Record<string, string>): Promise<Process> {
  const relay = postern(['start', '--json'], {
    env: { ...env, POSTERN_DATA_DIR: it.dataDir, POSTERN_ROLES: 'relay' },
  })
  await started(relay)
  return relay
}

const until = (holds: () => boolean): Promise<void> => expect.poll(holds, { timeout: 20_000, interval: 5 }).toBe(true)

async function killed(gateway: Process): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
  gateway.child.kill('SIGKILL')
  await gateway.ended
}

interface Sending {
  readonly next: () => Mail
  readonly confirmed: Set<string>
}

/** Puts into `lost` what it heard no answer for. */
async function sendUntilGone(
  it: Running,
  { next, confirmed, lost }: Sending & { readonly lost: Mail[] },
): Promise<void> {
  let mail: Mail | undefined
  try {
    const here = await loggedIn(it)
    for (let n = 0; n < messagesPerRound; n++) {
      mail = next()
      await send(here, mail)
      confirmed.add(mail.name)
      mail = undefined
    }
  } catch (error) {
    if (!/^closed/.test((error as Error).message)) throw error
    if (mail !== undefined) lost.push(mail)
  }
}

async function sendAll(
  it: Running,
  { next, confirmed, unanswered }: Sending & { readonly unanswered: readonly Mail[] },
) {
  const here = await loggedIn(it)
  while (unanswered.length > 0) {
    const mail = next()
    await send(here, mail)
    confirmed.add(mail.name)
  }
}

async function send(here: Caller, { name, text }: Mail): Promise<void> {
  here.say(`MAIL FROM:<me@example.test>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<${name}@remote.test>\r\nDATA\r\n`)
  await here.heard('354 ')
  here.say(text)
  await here.heard('250 2.0.0 Ok: queued as ')
}

/** Of those that are not written down as delivered, once everything has died. */
async function unwritten(dataDir: string): Promise<readonly string[]> {
  const store = await openStore({ folder: dataDir })
  try {
    const names: string[] = []
    for (let afterId: number | undefined; ; ) {
      const { items, next } = await store.outbox.list({ afterId })
      for (const { recipients } of items)
        for (const { recipient, state } of recipients)
          if (state !== 'delivered' && recipient.endsWith('@remote.test')) names.push(recipient.split('@')[0] as string)
      if (next === undefined) return names
      afterId = next
    }
  } finally {
    await store.close()
  }
}

async function waiting({ dataDir }: Running): Promise<number> {
  const { stdout } = await run(['queue', 'list', '--json'], { env: { POSTERN_DATA_DIR: dataDir } })
  const { data } = JSON.parse(stdout) as { data: { recipients: { state: string }[] }[] }
  return data.flatMap(({ recipients }) => recipients).filter(({ state }) => state !== 'delivered').length
}

async function names(it: Running, mailbox: string): Promise<string[]> {
  const client = await reader(it)
  const { exists } = await client.mailboxOpen(mailbox)
  const all = exists === 0 ? [] : await client.fetchAll('1:*', { envelope: true })
  await client.logout()
  return all.map(({ envelope }) => envelope?.subject as string).sort()
}
