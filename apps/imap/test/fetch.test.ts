// FETCH where it can't go as planned: messages that are purged while their answer is under way, bytes that can't be read, a client
// that's slow.

import { readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { Wire } from '@postern/dialogue'
import type { Account, MailboxId } from '@postern/mailbox-store'
import { afterEach, expect, test, vi } from 'vitest'
import { ReadAhead } from '../src/fetch/read-ahead.js'
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
  const folder = (await readdir(blobs)).find((name) => name.length === 2) as string
  const [file] = await readdir(join(blobs, folder))
  await truncate(join(blobs, folder, file as string), 300_000)
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
  const session = { mailbox: { view }, input: {} } as unknown as Session
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

test('what was read ahead is let go when no command waits', async () => {
  await start()
  await ada.append(
    inbox,
    Array.from({ length: 100 }, () => letter(1_000)),
  )
  const view = new View(await ada.open(inbox))
  const { messages } = view.index.entries
  const readAhead = new ReadAhead()
  const read = vi.spyOn(view.open, 'contents')
  const ask = (uid: number) => readAhead.content(view, messages[uid - 1] as number, uid)
  for (const uid of [1, 2, 3, 4]) expect((await ask(uid))?.size).toBe(1_014)
  expect(read.mock.calls.map(([asked]) => asked.length)).toEqual([1, 64])
  readAhead.clear()
  await ask(5)
  expect(read.mock.calls.map(([asked]) => asked.length)).toEqual([1, 64, 1])
  view.close()
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
