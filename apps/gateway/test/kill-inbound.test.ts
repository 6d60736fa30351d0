// kill -9 of a gateway that takes mail from elsewhere, by SMTP, LMTP and HTTP at once, at random moments over and over. Other servers do what
// they do: they send again what they heard no answer for. In the end every message is in both inboxes; a second copy has only one
// whose answer was lost, and what was posted under an id has none even then. `npm run chaos:inbound` does it a hundred times.
// Contract A4, F1, F3.

import { createHmac } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Caller } from './caller.js'
import { commandLine } from './command-line.js'
import { stop } from './gateway-process.js'
import { again, type Running, reader, running } from './mail-gateway.js'
import { SecondHand } from './second-hand.js'

const rounds = Number(process.env.POSTERN_KILLS ?? 4)
/** Of one client in one round at the most. */
const messagesPerRound = 12
const largeBytes = 300_000
const recipients = ['me@example.test', 'alice@example.test'] as const

type Way = 'smtp' | 'lmtp' | 'http'
const clients: readonly Way[] = ['smtp', 'smtp', 'lmtp', 'http']

interface Mail {
  readonly name: string
  readonly text: string
  readonly way: Way
  /** Those who don't have it for certain. */
  readonly to: readonly string[]
}

interface Key {
  readonly id: string
  readonly secret: string
  readonly path: string
}

test(`${rounds} kills`, { timeout: 30_000 + rounds * 6_000 }, async () => {
  let it = await running()
  const alice = (await (await SecondHand.on(it.dataDir)).person('alice@example.test')).secret
  const key = await newKey(it.dataDir)
  /** How often no answer was heard, by name. */
  const unheard = new Map<string, number>()
  const waiting = new Map<Way, Mail[]>(clients.map((way) => [way, []]))
  let [made, answered] = [0, 0]
  const next = (way: Way): Mail => waiting.get(way)?.pop() ?? mailOf(++made, way)
  const heard = (): void => void answered++
  const lost = ({ mail, left, wasSent }: Lost): void => {
    if (wasSent) unheard.set(mail.name, (unheard.get(mail.name) ?? 0) + 1)
    waiting.get(mail.way)?.push({ ...mail, to: left })
  }

  for (let round = 0; round < rounds; round++) {
    if (round > 0) it = await again(it)
    const sending = clients.map((way) => sendUntilGone(it, { way, key, next, heard, lost }))
    const enough = answered + 1 + Math.random() * 2 * messagesPerRound
    await Promise.race([
      Promise.all(sending),
      expect.poll(() => answered >= enough, { timeout: 20_000, interval: 5 }).toBe(true),
    ])
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
    it.gateway.child.kill('SIGKILL')
    await it.gateway.ended
    await Promise.all(sending)
    // What a kill leaves that comes before the file's name is taken away.
    mkdirSync(join(it.dataDir, 'incoming'), { recursive: true })
    writeFileSync(join(it.dataDir, 'incoming', 'left'), '')
  }

  it = await again(it)
  for (const [way, mails] of waiting)
    while (mails.length > 0) await sendUntilGone(it, { way, key, next, heard, lost, most: mails.length })
  const all = Array.from({ length: made }, (_, n) => `m${n + 1}`)
  const inboxes = [await names(it, 'INBOX'), await names({ ...it, user: recipients[1], secret: alice }, 'INBOX')]
  for (const [i, there] of inboxes.entries()) {
    const copies = counted(there)
    expect([...copies.keys()].sort(), `in the inbox of ${recipients[i]}`).toEqual([...all].sort())
    for (const [name, count] of copies) {
      const tries = posted.has(name) ? 1 : 1 + (unheard.get(name) ?? 0)
      expect(count, `${name} of ${recipients[i]}`).toBeLessThanOrEqual(tries)
    }
  }
  expect(readdirSync(join(it.dataDir, 'incoming'))).toEqual([])
  const twice = inboxes.map((there) => there.length - all.length)
  console.info(
    `${all.length} messages, ${rounds} kills, ${unheard.size} answers lost: ${twice.join(' and ')} came twice`,
  )
  expect(await stop(it.gateway)).toBe(0)
})

/** Under an id. */
const posted = new Set<string>()

function mailOf(n: number, way: Way): Mail {
  const body = n % 7 === 0 ? `${'x'.repeat(98)}\r\n`.repeat(largeBytes / 100) : 'Hello.\r\n'
  if (way === 'http') posted.add(`m${n}`)
  return { name: `m${n}`, way, to: recipients, text: `From: <carol@example.org>\r\nSubject: m${n}\r\n\r\n${body}` }
}

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

interface Sending {
  readonly way: Way
  readonly key: Key
  readonly next: (way: Way) => Mail
  readonly heard: () => void
  readonly lost: (lost: Lost) => void
  readonly most?: number
}

interface Lost {
  readonly mail: Mail
  /** Who isn't known to have it. */
  readonly left: readonly string[]
  /** All of it, so that somebody may have it. */
  readonly wasSent: boolean
}

async function sendUntilGone(it: Running, sending: Sending): Promise<void> {
  const { way, key, next, heard, lost, most = messagesPerRound } = sending
  const by = way === 'http' ? undefined : await door(it, way).catch(() => undefined)
  if (way !== 'http' && by === undefined) return
  for (let n = 0; n < most; n++) {
    const mail = next(way)
    const trouble = by === undefined ? await post(it, { mail, key }) : await send(by, mail)
    if (trouble !== undefined) return lost(trouble)
    heard()
  }
}

async function door(it: Running, way: 'smtp' | 'lmtp'): Promise<Caller> {
  const here = Caller.inClear((way === 'smtp' ? it.said.mx : it.said.lmtp)?.port as number)
  here.say(way === 'smtp' ? 'EHLO c.example.org\r\n' : 'LHLO c.example.org\r\n')
  await here.heard('250 LIMITS')
  return here
}

async function send(here: Caller, mail: Mail): Promise<Lost | undefined> {
  const { to, text, way } = mail
  const paths = to.map((address) => `RCPT TO:<${address}>\r\n`).join('')
  let said = ''
  let wasSent = false
  try {
    here.say(`MAIL FROM:<carol@example.org>\r\n${paths}DATA\r\n`)
    await here.heard('354 ')
    here.say(`${text}.\r\n`)
    wasSent = true
    const answers = way === 'lmtp' ? to.length : 1
    while (said.split('250 2.').length <= answers) said += await here.heard('\r\n')
    return undefined
  } catch (error) {
    if (!/^closed/.test((error as Error).message)) throw error
    said += (error as Error).message
    const has = way === 'lmtp' ? said.split('250 2.1.5 Ok: received').length - 1 : 0
    return { mail, left: to.slice(has), wasSent }
  }
}

async function post(it: Running, { mail, key }: { mail: Mail; key: Key }): Promise<Lost | undefined> {
  const [time, sender, to] = [`${Math.floor(Date.now() / 1_000)}`, 'carol@example.org', recipients.join(',')]
  const hmac = createHmac('sha256', key.secret).update(`v1:${time}:${mail.name}:${sender}:${to}:${mail.text}`)
  const headers = {
    ...{ 'Postern-Key': key.id, 'Postern-Id': mail.name, 'Postern-Timestamp': time, 'Postern-Sender': sender },
    ...{ 'Postern-Recipients': to, 'Postern-Signature': `v1=${hmac.digest('hex')}` },
  }
  const url = new URL(key.path, it.said.health)
  try {
    const answer = await fetch(url, { method: 'POST', headers, body: mail.text })
    await answer.text()
    expect(answer.status).toBe(200)
    return undefined
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { mail, left: mail.to, wasSent: true }
  }
}

async function newKey(dataDir: string): Promise<Key> {
  const words = ['ingest', 'key', 'create', '--label', 'test', '--domain', 'example.test', '--json']
  const { stdout } = await commandLine(words, { env: { POSTERN_DATA_DIR: dataDir } })
  return JSON.parse(stdout)
}

async function names(it: Running, mailbox: string): Promise<string[]> {
  const client = await reader(it)
  const { exists } = await client.mailboxOpen(mailbox)
  const all = exists === 0 ? [] : await client.fetchAll('1:*', { envelope: true })
  await client.logout()
  return all.map(({ envelope }) => envelope?.subject as string)
}
