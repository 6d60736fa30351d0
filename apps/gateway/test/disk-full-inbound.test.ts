// Disks that are really full, under a gateway that takes mail from elsewhere: the one on which a message is held while it's judged, and the
// one with the store. By SMTP and LMTP the sender hears 452 4.3.1, by HTTP 503; nothing of it is there, and when there's room again all
// goes on without a restart. It needs root, to mount small disks of its own.

import { execFileSync } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Caller } from './caller.js'
import { commandLine } from './command-line.js'
import { stop } from './gateway-process.js'
import { type Running, reader, running } from './mail-gateway.js'

const [storeBytes, heldBytes] = [40_000_000, 2_000_000]
/** More than stays in memory while it's judged. */
const large = `${'x'.repeat(98)}\r\n`.repeat(4_000)
const small = 'Hello.\r\n'

function smallDisk(folder: string, bytes: number): string {
  mkdirSync(folder, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'postern-test', folder])
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]))
  return join(folder, 'filler')
}

/** To the last byte. */
function fill(file: string): void {
  for (let size = 1_000_000; size >= 1; size = Math.floor(size / 10))
    try {
      for (;;) appendFileSync(file, Buffer.alloc(size))
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error
    }
}

interface Sent {
  readonly subject: string
  readonly body: string
}

const textOf = ({ subject, body }: Sent): string => `From: <carol@example.org>\r\nSubject: ${subject}\r\n\r\n${body}`

/** Each answers what its client hears. */
async function ways(it: Running) {
  const { stdout } = await commandLine(
    ['ingest', 'key', 'create', '--label', 'test', '--domain', 'example.test', '--json'],
    { env: { POSTERN_DATA_DIR: it.dataDir } },
  )
  const key = JSON.parse(stdout) as { id: string; secret: string; path: string }
  const bySmtp = await door(it.said.mx?.port as number, 'EHLO')
  const byLmtp = await door(it.said.lmtp?.port as number, 'LHLO')
  return {
    smtp: (sent: Sent) => say(bySmtp, { sent, to: [it.user] }),
    lmtp: (sent: Sent) => say(byLmtp, { sent, to: [it.user, 'postmaster@example.test'] }),
    http: (sent: Sent) => post(it, { sent, key }),
  }
}

async function door(port: number, hello: string): Promise<Caller> {
  const here = Caller.inClear(port)
  here.say(`${hello} c.example.org\r\n`)
  await here.heard('250 LIMITS')
  return here
}

async function say(here: Caller, { sent, to }: { sent: Sent; to: readonly string[] }): Promise<string> {
  here.say(`MAIL FROM:<carol@example.org>\r\n${to.map((one) => `RCPT TO:<${one}>\r\n`).join('')}DATA\r\n`)
  await here.heard('354 ')
  here.say(`${textOf(sent)}.\r\nNOOP\r\n`)
  return (await here.heard('250 2.0.0 Ok\r\n')).replace('250 2.0.0 Ok\r\n', '')
}

async function post(
  it: Running,
  { sent, key }: { sent: Sent; key: { id: string; secret: string; path: string } },
): Promise<string> {
  const [id, time, sender] = [randomUUID(), `${Math.floor(Date.now() / 1_000)}`, 'carol@example.org']
  const hmac = createHmac('sha256', key.secret).update(`v1:${time}:${id}:${sender}:${it.user}:${textOf(sent)}`)
  const headers = {
    ...{ 'Postern-Key': key.id, 'Postern-Id': id, 'Postern-Timestamp': time, 'Postern-Sender': sender },
    ...{ 'Postern-Recipients': it.user, 'Postern-Signature': `v1=${hmac.digest('hex')}` },
  }
  const answer = await fetch(new URL(key.path, it.said.health), { method: 'POST', headers, body: textOf(sent) })
  return `${answer.status} ${answer.headers.get('retry-after') ?? ''} ${await answer.text()}`
}

/** With the size of each, so that nothing is torn. */
async function stored(it: Running): Promise<string[]> {
  const client = await reader(it)
  const { exists } = await client.mailboxOpen('INBOX')
  const all = exists === 0 ? [] : await client.fetchAll('1:*', { envelope: true, source: true })
  await client.logout()
  return all.map(({ envelope, source }) => {
    const text = source?.toString() ?? ''
    return `${envelope?.subject} ${text.length - text.indexOf('\r\n\r\n') - 4}`
  })
}

const full = /^452 4\.3\.1 /
const unavailable = /^503 60 .*"name":"ingest_unavailable"/

test.skipIf(process.getuid?.() !== 0 || process.platform !== 'linux')(
  'full where a message is held, then full where it is stored: 452 4.3.1 and 503, and it goes on when there is room',
  { timeout: 90_000 },
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'postern-disk-'))
    onTestFinished(() => rmdirSync(home))
    const storeFiller = smallDisk(home, storeBytes)
    const dataDir = join(home, 'data')
    const heldFiller = smallDisk(join(dataDir, 'incoming'), heldBytes)
    const it = await running({ POSTERN_DATA_DIR: dataDir })
    const { smtp, lmtp, http } = await ways(it)
    const kept: string[] = []
    const taken = async (way: (sent: Sent) => Promise<string>, sent: Sent): Promise<void> => {
      expect(await way(sent), sent.subject).toMatch(/^2(?:50 2|00 )/)
      // LMTP's two recipients are one inbox.
      kept.push(`${sent.subject} ${sent.body.length}`)
    }
    await taken(smtp, { subject: 'before', body: large })

    fill(heldFiller)
    expect(await smtp({ subject: 'held', body: large })).toMatch(full)
    expect(await lmtp({ subject: 'held', body: large })).toMatch(/^452 4\.3\.1 .*\r\n452 4\.3\.1 .*\r\n$/)
    expect(await http({ subject: 'held', body: large })).toMatch(unavailable)
    // A small one needs no room there.
    for (const [name, way] of Object.entries({ smtp, lmtp, http })) await taken(way, { subject: name, body: small })
    rmSync(heldFiller)
    for (const [name, way] of Object.entries({ smtp, lmtp, http })) await taken(way, { subject: name, body: large })
    expect((await stored(it)).sort()).toEqual([...kept].sort())
    expect(readdirSync(join(dataDir, 'incoming'))).toEqual([])

    fill(storeFiller)
    let answer = ''
    for (let n = 0; !full.test(answer) && n < 200; n++) {
      answer = await smtp({ subject: `filling ${n}`, body: large })
      if (answer.startsWith('250 ')) kept.push(`filling ${n} ${large.length}`)
    }
    expect(answer).toMatch(full)
    expect(await lmtp({ subject: 'stored', body: large })).toMatch(/^452 4\.3\.1 .*\r\n452 4\.3\.1 .*\r\n$/)
    expect(await http({ subject: 'stored', body: large })).toMatch(unavailable)
    expect((await stored(it)).sort()).toEqual([...kept].sort())
    rmSync(storeFiller)
    for (const [name, way] of Object.entries({ smtp, lmtp, http }))
      for (const body of [small, large]) await taken(way, { subject: `${name} after`, body })
    expect((await stored(it)).sort()).toEqual([...kept].sort())
    expect(await stop(it.gateway)).toBe(0)
  },
)
