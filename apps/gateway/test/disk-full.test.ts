// A disk that is really full, under the whole gateway: who sends hears 452 4.3.1, who reads goes on reading, and when there's room
// again all goes on without a restart; what had a 250 is there, and left once. It needs root, to mount a small disk of its own.

import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { stop } from './gateway-process.js'
import { loggedIn, running, subjects } from './mail-gateway.js'
import { startRemote } from './remote.js'

const diskBytes = 40_000_000
const large = `${'x'.repeat(98)}\r\n`.repeat(4_000)

function smallDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'postern-test', folder])
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', folder])
    rmdirSync(folder)
  })
  return folder
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

test.skipIf(process.getuid?.() !== 0 || process.platform !== 'linux')(
  'full while mail comes and goes: 452 4.3.1, and it goes on when there is room',
  { timeout: 60_000 },
  async () => {
    const disk = smallDisk()
    const remote = await startRemote()
    const route = `smtp://127.0.0.1:${remote.port}?tls=none`
    const it = await running({ POSTERN_DATA_DIR: join(disk, 'data'), POSTERN_ROUTE: route })
    const kept: string[] = []
    const here = await loggedIn(it)
    const send = async (subject: string, body = 'Hello.\r\n'): Promise<string> => {
      here.say(`MAIL FROM:<${it.user}>\r\nRCPT TO:<${it.user}>\r\nRCPT TO:<r@remote.test>\r\nDATA\r\n`)
      await here.heard('354 ')
      here.say(`From: <${it.user}>\r\nSubject: ${subject}\r\n\r\n${body}.\r\nNOOP\r\n`)
      const answer = await here.heard('250 2.0.0 Ok\r\n')
      if (answer.startsWith('250 2.0.0 Ok: queued')) kept.push(subject)
      return answer
    }
    const full = /^452 4\.3\.1 The server is out of room, try again later\r\n250 /
    for (let n = 0; n < 5; n++) expect(await send(`before ${n}`)).toMatch(/^250 2\.0\.0 Ok: queued/)
    fill(join(disk, 'filler'))
    let answers = ''
    for (let n = 0; !full.test(answers) && n < 200; n++) answers = await send(`filling ${n}`, n % 2 ? large : undefined)
    expect(answers).toMatch(full)
    for (let n = 0; n < 10; n++) await send(`full ${n}`, n % 2 ? large : undefined)
    expect(await send('full', large)).toMatch(full)
    expect(await subjects(it, 'INBOX')).toEqual(kept)

    rmSync(join(disk, 'filler'))
    expect(await send('after, small')).toMatch(/^250 2\.0\.0 Ok: queued/)
    expect(await send('after, large', large)).toMatch(/^250 2\.0\.0 Ok: queued/)
    expect(await subjects(it, 'INBOX')).toEqual(kept)
    expect(await subjects(it, 'Sent')).toEqual(kept.map((subject) => `${subject} (seen)`))
    await expect.poll(() => left(remote.mails), { timeout: 40_000 }).toEqual([...kept].sort())
    expect(remote.mails.length).toBe(kept.length)
    expect(await stop(it.gateway)).toBe(0)
  },
)

type Mails = Awaited<ReturnType<typeof startRemote>>['mails']

const left = (mails: Mails): string[] =>
  [...new Set(mails.map(({ text }) => /^Subject: (.*)$/m.exec(text)?.[1]?.trim() as string))].sort()
