// FETCH where it can't go as planned: messages that are purged while their answer is under way, bytes that can't be read, a client
// that's slow.

import { readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { Wire } from '@postern/dialogue'
import type { Account, MailboxId } from '@postern/mailbox-store'
import { afterEach, expect, test } from 'vitest'
import { fetchSlices } from '../src/fetch/slices.js'
import type { Session } from '../src/session.js'
import { View } from '../src/view.js'
import { TestServer } from './server.js'

let server: TestServer
let ada: Account
let inbox: MailboxId
const start = async () => {
  server = await TestServer.start({ lingerMs: 200 })
  const town = await server.settle()
  await town.given('logged in')
  ada = town.ada
  inbox = (await ada.mailbox('INBOX'))?.id as MailboxId
}
afterEach(() => server.close())

const say = (wire: Wire, text: string): void => void wire.write(Buffer.from(text, 'latin1'))

/** All up to these words, or up to the end. */
async function heard(wire: Wire, words: string): Promise<{ text: string; ended: boolean }> {
  const parts: Buffer[] = []
  const text = (): string => Buffer.concat(parts).toString('latin1')
  for (;;) {
    const bytes = await wire.read()
    if (bytes === undefined) return { text: text(), ended: true }
    parts.push(Buffer.from(bytes))
    if (Buffer.concat(parts.slice(-3)).includes(words)) return { text: text(), ended: false }
  }
}

const letter = (size: number) => ({
  message: Buffer.concat([Buffer.from('Subject: s\r\n\r\n'), Buffer.alloc(size, 'x')]),
})

async function selected(): Promise<Wire> {
  const wire = await server.connect()
  say(wire, 's SELECT INBOX\r\n')
  await heard(wire, 's OK')
  return wire
}

async function purge(first: number, last: number): Promise<void> {
  await ada.remove(inbox, [[first, last]])
  while (await server.store.maintenance.sweep({ graceMs: -1 }));
}

test.each([
  ['large', 400_000, 60],
  ['small', 30_000, 600],
])('messages that are purged in the middle of a FETCH are passed over: %s ones', async (_, size, count) => {
  await start()
  for (let done = 0; done < count; done += 60)
    await ada.append(
      inbox,
      Array.from({ length: 60 }, () => letter(size)),
    )
  const wire = await selected()
  // The client doesn't read, so that the answer stands still somewhere before the end.
  say(wire, 'a UID FETCH 1:* (RFC822.SIZE BODY.PEEK[])\r\n')
  await new Promise((resolve) => setTimeout(resolve, 300))
  await purge(count - 4, count - 1)
  const { text } = await heard(wire, 'a OK')
  const told = Array.from(text.matchAll(/^\* (\d+) FETCH \(UID (\d+) RFC822\.SIZE (\d+) BODY\[] \{(\d+)}\r$/gm), (m) =>
    m.slice(1).map(Number),
  )
  const left = Array.from({ length: count }, (_, i) => i + 1).filter((uid) => uid < count - 4 || uid === count)
  expect(told).toEqual(left.map((uid) => [uid, uid, size + 14, size + 14]))
  expect(text.replace(/x+/g, 'x')).toMatch(
    new RegExp(
      `x\\)\r\n\\* ${count} FETCH .*\r\nSubject: s\r\n\r\nx\\)\r\n(\\* \\d+ EXPUNGE\r\n){4}\\* ${count - 4} RECENT\r\na OK`,
    ),
  )
  expect(server.errors).toEqual([])
  wire.close()
})

test('bytes that cannot be read in the middle of an answer end the connection', async () => {
  await start()
  await ada.append(inbox, [letter(400_000), letter(10)])
  const blobs = join(server.folder, 'store', 'blobs')
  const file = (await readdir(blobs, { recursive: true })).find((name) => name.length > 64) as string
  await truncate(join(blobs, file), 300_000)
  const wire = await selected()
  say(wire, 'a UID FETCH 1:2 BODY.PEEK[]\r\nb NOOP\r\n')
  const { text, ended } = await heard(wire, 'b OK')
  expect(ended).toBe(true)
  expect(text).toMatch(/^\* 1 FETCH \(UID 1 BODY\[] \{400014}\r\nSubject: s\r\n\r\nx*$/)
  expect(text.length).toBeLessThan(300_100)
  expect(server.errors.join()).toContain('within a FETCH')
  server.errors.length = 0
})

test('messages that are asked for one by one, ahead of the answers, come as they are', async () => {
  await start()
  const sizes = Array.from({ length: 150 }, (_, i) => (i % 40 === 7 ? 150_000 : (i * 997) % 9_000))
  await ada.append(inbox, sizes.map(letter))
  const wire = await selected()
  // Some twice, some left out, and back to the beginning.
  const uids = [...sizes.keys()].map((i) => i + 1).filter((uid) => uid % 31 !== 5)
  uids.splice(60, 0, 61, 61, 3)
  say(wire, `${uids.map((uid) => `f${uid} UID FETCH ${uid} BODY.PEEK[]`).join('\r\n')}\r\na NOOP\r\n`)
  const { text } = await heard(wire, 'a OK')
  const whole = uids.map((uid) => {
    const bytes = letter(sizes[uid - 1] as number).message
    return `* ${uid} FETCH (UID ${uid} BODY[] {${bytes.length}}\r\n${bytes})\r\nf${uid} OK Fetched\r\n`
  })
  expect(text.replace(/a OK .*\r\n$/, '') === whole.join('')).toBe(true)
  wire.close()
})

test.each([
  ['bytes', { bytes: true }, 262_144],
  ['headers', { header: true }, 16_777_216],
  ['envelopes', { listing: true }, 16_777_216],
])('%s that are read at once are limited, however many and large the messages', async (_, needs, bytesMax) => {
  await start()
  const size = 1_000_000
  await ada.append(inbox, [
    ...Array.from({ length: 40 }, () => letter(size)),
    ...Array.from({ length: 300 }, () => letter(9_000)),
  ])
  const view = new View(await ada.open(inbox))
  const targets = view.targets([[1, 400]], { uid: true })
  const slices: number[] = []
  const session = { mailbox: { view } } as unknown as Session
  for await (const { from, to } of fetchSlices(session, targets, needs)) {
    const bytes = targets.sizes.subarray(from, to).reduce((sum, n) => sum + n, 0)
    if (to > from + 1) expect(bytes).toBeLessThanOrEqual(bytesMax)
    slices.push(to - from)
  }
  expect(slices.reduce((sum, n) => sum + n, 0)).toBe(340)
  // And not so few that a message costs a read.
  expect(slices.slice(-3, -1).every((n) => n >= 25)).toBe(true)
  view.close()
})

test('FETCHes that were sent ahead and differ by a number are read together, and each is answered in its turn', async () => {
  await start()
  await ada.append(
    inbox,
    Array.from({ length: 40 }, (_, i) => letter(1_000 + i)),
  )
  await ada.remove(inbox, [[7, 7]])
  const wire = await selected()
  const fetch = (uid: number | string, item = 'BODY.PEEK[TEXT]') => `u${uid} UID FETCH ${uid} ${item}\r\n`
  const others = [
    fetch('012'),
    fetch(9),
    fetch('3:4'),
    fetch(50, 'UID'),
    fetch(51, 'UID'),
    fetch(2, 'FLAGS'),
    '* UID FETCH 3 FLAGS\r\n',
  ]
  const asked = Array.from({ length: 40 }, (_, i) => fetch(i + 1)).join('') + others.join('')
  say(wire, `${asked}n NOOP\r\n`)
  const { text } = await heard(wire, 'n OK')
  const answers = text
    .replace(/x{900,}/g, '…')
    .split('\r\n')
    .slice(0, -1)
  const line = (uid: number) => [
    `* ${uid > 7 ? uid - 1 : uid} FETCH (UID ${uid} BODY[TEXT] {${999 + uid}}`,
    '…)',
    `u${uid} OK Fetched`,
  ]
  const first = Array.from({ length: 40 }, (_, i) => (i + 1 === 7 ? ['u7 OK Fetched'] : line(i + 1))).flat()
  expect(answers.slice(0, first.length)).toEqual(first)
  expect(answers.slice(first.length).map((one) => one.split(' ').slice(0, 2).join(' '))).toEqual([
    'u012 BAD',
    ...['* 8', '…)', 'u9 OK', '* 3', '…)', '* 4', '…)', 'u3:4 OK', 'u50 OK', 'u51 OK', '* 2', 'u2 OK', '* BAD', 'n OK'],
  ])
})

test('FETCHes in one go: a number beyond the mailbox is refused, what was expunged meanwhile is told', async () => {
  await start()
  await ada.append(
    inbox,
    Array.from({ length: 8 }, () => letter(10)),
  )
  const wire = await selected()
  await ada.setFlags(inbox, [[2, 5]], { how: 'add', flags: { system: 4, keywords: ['Later'] } })
  const fetch = (n: number) => `f${n} FETCH ${n} (FLAGS RFC822.SIZE)\r\n`
  say(wire, [1, 2, 3, 4, 5, 9, 8, 7].map(fetch).join(''))
  const { text } = await heard(wire, 'f7 OK')
  expect(text.match(/Later\) RFC822/g)).toHaveLength(4)
  expect(text.indexOf('* FLAGS (')).toBeLessThan(text.indexOf('* 2 FETCH'))
  expect(text.match(/^f\d \w+/gm)).toEqual(['f1 OK', 'f2 OK', 'f3 OK', 'f4 OK', 'f5 OK', 'f9 BAD', 'f8 OK', 'f7 OK'])
  await ada.remove(inbox, [[3, 3]])
  say(wire, `${[1, 2, 3, 4, 5].map(fetch).join('')}n NOOP\r\n`)
  const later = await heard(wire, 'n OK')
  expect(later.text.match(/^\* \d FETCH|^\* 3 EXPUNGE|^\w+ OK( \[\w+\])?/gm)).toEqual([
    ...['* 1 FETCH', 'f1 OK [EXPUNGEISSUED]', '* 2 FETCH', 'f2 OK [EXPUNGEISSUED]', 'f3 OK [EXPUNGEISSUED]'],
    ...['* 4 FETCH', 'f4 OK [EXPUNGEISSUED]', '* 5 FETCH', 'f5 OK [EXPUNGEISSUED]', '* 3 EXPUNGE', 'n OK'],
  ])
})

test('an answer is not kept back by a command behind it that has to wait', async () => {
  await start()
  const wire = await server.connect()
  say(wire, 'a NOOP\r\nb APPEND INBOX {12+}\r\nA: b')
  expect((await heard(wire, 'a OK')).ended).toBe(false)
  say(wire, '\r\n\r\nc\r\n\r\n')
  await heard(wire, 'b OK')
  wire.close()
})
