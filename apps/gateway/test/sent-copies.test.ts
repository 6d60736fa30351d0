// One message in Sent, through the whole gateway, whatever the mail program's habit: it submits, and files its own copy by IMAP,
// afterwards, before, or while its own DATA is still open (contract C9, E3). The copies are written as Thunderbird, Apple Mail and mutt
// write theirs. docs/decisions/sent-merge.md

import { expect, test } from 'vitest'
import type { Caller } from './caller.js'
import { stop } from './gateway-process.js'
import { loggedIn, type Running, running } from './mail-gateway.js'
import { client } from './sharing-gateways.js'

const friend = 'me+friend@example.test'

interface Habit {
  readonly name: string
  /** What goes out. */
  readonly submitted: string
  /** What the program puts into Sent itself. */
  readonly copy: string
  readonly flags: string
}

const text = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`

const habits: readonly Habit[] = [
  {
    name: 'Thunderbird',
    submitted: text([
      ...[
        'Message-ID: <7d1f7e1c-thunderbird@example.test>',
        'Date: Fri, 20 Nov 2026 12:00:00 +0100',
        'MIME-Version: 1.0',
      ],
      ...['User-Agent: Mozilla Thunderbird', 'Content-Language: en-US', `To: ${friend}`, 'From: Me <me@example.test>'],
      ...['Subject: Thunderbird', 'Content-Type: text/plain; charset=UTF-8; format=flowed', ''],
      ...['Content-Transfer-Encoding: 7bit is said in the body.', 'Flowed ', 'text.', ''],
    ]),
    copy: text([
      ...[
        'Message-ID: <7d1f7e1c-thunderbird@example.test>',
        'Date: Fri, 20 Nov 2026 12:00:00 +0100',
        'MIME-Version: 1.0',
      ],
      ...['User-Agent: Mozilla Thunderbird', 'Content-Language: en-US', `To: ${friend}`, 'From: Me <me@example.test>'],
      ...['Bcc: hidden@example.test', 'Subject: Thunderbird', 'X-Mozilla-Draft-Internal: 1'],
      ...['Content-Type: text/plain; charset=UTF-8; format=flowed', ''],
      ...['Content-Transfer-Encoding: 7bit is said in the body.', 'Flowed ', 'text.', ''],
    ]),
    flags: '\\Seen',
  },
  {
    name: 'Apple Mail',
    submitted: text([
      ...['From: Me <me@example.test>', 'Content-Type: multipart/alternative;', '\tboundary="Apple-Mail=_0A1B"'],
      ...['Mime-Version: 1.0', 'Subject: Apple Mail', 'Message-Id: <0A1B-APPLE@example.test>'],
      ...['Date: Fri, 20 Nov 2026 12:00:00 +0100', `To: ${friend}`, 'X-Mailer: Apple Mail', '', ''],
      ...['--Apple-Mail=_0A1B', 'Content-Type: text/plain', '', 'Hello', '--Apple-Mail=_0A1B--'],
    ]),
    copy: text([
      ...['X-Apple-Auto-Saved: 1', 'From: "Me" <me@example.test>', 'Subject: Apple Mail'],
      ...[
        'Content-Type: multipart/alternative; boundary="Apple-Mail=_0A1B"',
        'X-Uniform-Type-Identifier: com.apple.mail',
      ],
      ...['Mime-Version: 1.0', 'Message-Id: <0A1B-APPLE@example.test>', 'Date: Fri, 20 Nov 2026 11:00:00 +0000'],
      ...[
        `To: ${friend}`,
        '',
        '',
        '--Apple-Mail=_0A1B',
        'Content-Type: text/plain',
        '',
        'Hello',
        '--Apple-Mail=_0A1B--',
        '',
      ],
    ]),
    flags: '\\Seen $NotJunk',
  },
  {
    name: 'mutt',
    submitted: text([
      ...['Date: Fri, 20 Nov 2026 12:00:00 +0100', 'From: Me <me@example.test>', `To: ${friend}`, 'Subject: mutt'],
      ...['Message-ID: <ZV9abc@example.test>', 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=us-ascii'],
      ...['Content-Disposition: inline', '', '-- ', 'mutt'],
    ]),
    copy: text([
      ...['Date: Fri, 20 Nov 2026 12:00:00 +0100', 'From: Me <me@example.test>', `To: ${friend}`],
      ...['Bcc: hidden@example.test', 'Subject: mutt', 'Message-ID: <ZV9abc@example.test>', 'MIME-Version: 1.0'],
      ...[
        'Content-Type: text/plain; charset=us-ascii',
        'Content-Disposition: inline',
        'Status: RO',
        'Content-Length: 9',
      ],
      ...['Lines: 2', '', '-- ', 'mutt'],
    ]),
    flags: '\\Seen',
  },
]

async function openData(it: Running): Promise<Caller> {
  const here = await loggedIn(it)
  here.say(`MAIL FROM:<${it.user}>\r\nRCPT TO:<${friend}>\r\nDATA\r\n`)
  await here.heard('354 ')
  return here
}

async function submit(it: Running, message: string): Promise<void> {
  const here = await openData(it)
  here.say(`${message}.\r\nQUIT\r\n`)
  expect(await here.closed).toContain('250 2.0.0 Ok: queued as ')
}

test.each(habits)('$name files its copy behind the submission', async ({ submitted, copy, flags }) => {
  const it = await running()
  const [filer, sent, inbox] = await clients(it)
  await submit(it, submitted)
  await Promise.all([sent, inbox].map((each) => each.hears(0, '* 1 EXISTS')))
  expect(await filed(filer, { copy, flags })).toMatch(/a OK \[APPENDUID \d+ 1\]/)
  await isThereOnce(it, { flags })
  expect(sent.text()).not.toContain('2 EXISTS')
  expect(await stop(it.gateway)).toBe(0)
})

test.each(habits)('$name files its copy first, then submits', async ({ submitted, copy, flags }) => {
  const it = await running()
  const [filer, sent, inbox] = await clients(it)
  expect(await filed(filer, { copy, flags })).toMatch(/a OK \[APPENDUID \d+ 1\]/)
  await sent.hears(0, '* 1 EXISTS')
  await submit(it, submitted)
  await inbox.hears(0, '* 1 EXISTS')
  const kept = await isThereOnce(it, { flags })
  expect(kept.includes('Bcc: hidden@example.test')).toBe(copy.includes('Bcc: '))
  expect(sent.text()).not.toContain('2 EXISTS')
  expect(await stop(it.gateway)).toBe(0)
})

test.each(habits)('$name files its copy while its own DATA is open', async ({ submitted, copy, flags }) => {
  const it = await running()
  const [filer, sent, inbox] = await clients(it)
  const here = await openData(it)
  const half = submitted.indexOf('\r\n\r\n') + 10
  here.say(submitted.slice(0, half))
  // The header block is read when what follows it is: others are served in between.
  await new Promise((resolve) => setTimeout(resolve, 400))
  let isFiled = false
  const answer = filed(filer, { copy, flags }).finally(() => {
    isFiled = true
  })
  await filedBy(it, 'another')
  expect(isFiled).toBe(false)
  here.say(`${submitted.slice(half)}.\r\n`)
  await here.heard('250 2.0.0 Ok: queued as ')
  expect(await answer).toMatch(/a OK \[APPENDUID \d+ 1\]/)
  await Promise.all([sent, inbox].map((each) => each.hears(0, '* 1 EXISTS')))
  const kept = await isThereOnce(it, { flags })
  expect(kept).toMatch(/^Received: from /)
  expect(await stop(it.gateway)).toBe(0)
})

test('a Bcc that was submitted is in Sent and nowhere else, also when the copy comes behind', async () => {
  const it = await running()
  const [filer] = await clients(it)
  const [{ submitted, copy, flags }] = habits as [Habit]
  await submit(it, submitted.replace('Subject:', 'Bcc: hidden@example.test\r\nSubject:'))
  await filed(filer, { copy, flags })
  expect(await isThereOnce(it, { flags })).toContain('\r\nBcc: hidden@example.test\r\n')
  const received = await (await client(it, { password: it.secret })).say('f FETCH 1 BODY.PEEK[]', 'f OK')
  expect(received).not.toContain('hidden@')
  expect(await stop(it.gateway)).toBe(0)
})

/** One that files, one in IDLE in Sent, one in IDLE in INBOX. */
async function clients(it: Running) {
  const { secret: password } = it
  const filer = await client(it, { password })
  const sent = await client(it, { password, mailbox: 'Sent' })
  const inbox = await client(it, { password })
  for (const each of [sent, inbox]) await each.say('i IDLE', '+ ')
  return [filer, sent, inbox] as const
}

type Client = Awaited<ReturnType<typeof client>>

async function filed(filer: Client, { copy, flags }: Pick<Habit, 'copy' | 'flags'>): Promise<string> {
  await filer.say(`a APPEND Sent (${flags}) {${copy.length}}`, '+ ')
  return filer.say(copy, 'a OK')
}

/** Nobody else waits for it. */
async function filedBy(it: Running, subject: string): Promise<void> {
  const other = await client(it, { password: it.secret })
  const message = `Message-ID: <${subject}@example.test>\r\nSubject: ${subject}\r\n\r\nx\r\n`
  await other.say(`a APPEND Drafts {${message.length}}`, '+ ')
  await other.say(message, 'a OK')
}

/** Its text. */
async function isThereOnce(it: Running, { flags }: Pick<Habit, 'flags'>): Promise<string> {
  const here = await client(it, { password: it.secret, mailbox: 'Sent' })
  const said = await here.say('f UID FETCH 1:* (FLAGS BODY.PEEK[])', 'f OK')
  expect(said.match(/^\* \d+ FETCH/gm)).toEqual(['* 1 FETCH'])
  const [, told] = /FLAGS \(([^)]*)\)/.exec(said) as unknown as [string, string]
  for (const flag of flags.split(' ')) expect(told.split(' ')).toContain(flag)
  expect(said).toContain('UID 1 ')
  return said.slice(said.indexOf('}\r\n') + 3)
}
