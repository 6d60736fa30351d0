// What a conversation of lines can't show: clocks, the server's end, and clients that vanish in the middle of something.

import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Wire } from '@postern/dialogue'
import { type MailboxListing, type StoreLimits, StoreRefusal } from '@postern/mailbox-store'
import { afterEach, expect, test, vi } from 'vitest'
import type { ImapLimits } from '../src/index.js'
import { Caller } from './caller.js'
import { password, TestServer } from './server.js'

let server: TestServer
const start = async (limits: Partial<ImapLimits> = {}, storeLimits: Partial<StoreLimits> = {}) => {
  server = await TestServer.start({ lingerMs: 200, ...limits }, storeLimits)
  const town = await server.settle()
  await town.given('logged in')
  return town
}
afterEach(() => server.close())

async function heard(wire: Wire, words: string): Promise<string> {
  let text = ''
  for (;;) {
    if (text.includes(words)) return text
    const bytes = await wire.read()
    if (bytes === undefined) throw new Error(`the end, before ${words}: ${text}`)
    text += Buffer.from(bytes).toString('latin1')
  }
}

const say = (wire: Wire, text: string): void => void wire.write(Buffer.from(text, 'latin1'))

test('a server that goes down says goodbye in IDLE, between commands, and in the middle of a long answer behind it', async () => {
  const town = await start()
  const text = Buffer.concat([Buffer.from('A: b\r\n\r\n'), Buffer.alloc(4_000_000, 'x')])
  const inbox = (await town.ada.mailbox('INBOX')) as MailboxListing
  await town.ada.append(inbox.id, [{ message: text }])
  const [idle, quiet, reader] = await Promise.all([server.connect(), server.connect(), server.connect()])
  say(idle, 'a IDLE\r\n')
  await heard(idle, '+ idling')
  say(reader, 'a SELECT INBOX\r\nb FETCH 1 BODY.PEEK[]\r\n')
  await heard(reader, '* 1 FETCH')
  const drained = server.server.drain()
  await Promise.all([heard(idle, '* BYE'), heard(quiet, '* BYE')])
  const rest = await heard(reader, '* BYE')
  expect(rest).toMatch(/x\)\r\nb OK [^\r]*\r\n\* BYE/)
  for (const wire of [idle, quiet, reader]) wire.close()
  await drained
})

test('who is still shaking hands when the server goes down is told so, and not greeted for long', async () => {
  await start()
  const raw = connect({ host: '127.0.0.1', port: server.server.port })
  await once(raw, 'connect')
  const drained = server.server.drain()
  const late = new Caller(connectTls({ socket: raw, rejectUnauthorized: false }))
  expect(await late.closed).toMatch(/^\* OK [^\r]*\r\n\* BYE The server is going down\r\n$/)
  await drained
})

test('as long as a balancer needs to notice, who comes is told to go and who is here stays; then goodbyes are spread', async () => {
  await start()
  const here = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
  for (const wire of here) say(wire, 'a IDLE\r\n')
  await Promise.all(here.map((wire) => heard(wire, '+ idling')))
  const beganMs = performance.now()
  const drained = server.server.drain({ noticeMs: 400, overMs: 200 })
  const late = Caller.byTls(server.server.port)
  expect(await late.closed).toMatch(/^\* OK [^\r]*\r\n\* BYE The server is going down\r\n$/)
  const times = await Promise.all(
    here.map(async (wire) => {
      await heard(wire, '* BYE')
      wire.close()
      return performance.now() - beganMs
    }),
  )
  expect(Math.min(...times)).toBeGreaterThan(390)
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(100)
  await drained
  await expect(Caller.byTls(server.server.port).heard('OK')).rejects.toThrow('closed')
})

test('a server that is closed has ended what ran for its clients, and begins no more of it', async () => {
  const town = await start()
  const text = Buffer.concat([Buffer.from('A: b\r\n\r\n'), Buffer.alloc(4_000_000, 'x')])
  await town.ada.append(((await town.ada.mailbox('INBOX')) as MailboxListing).id, [{ message: text }])
  const here = [1, 2, 3].map(() => Caller.byTls(server.server.port))
  for (const one of here) {
    one.say(`a LOGIN ada ${password}\r\nb SELECT INBOX\r\n`)
    await one.heard('b OK')
    one.socket.pause()
    one.say(`${'c FETCH 1 BODY.PEEK[]\r\n'.repeat(200)}d APPEND INBOX {9+}\r\nhalf`)
  }
  await new Promise((resolve) => setTimeout(resolve, 300))
  const beganMs = performance.now()
  await server.server.close()
  expect(server.server.sessions).toBe(0)
  expect(performance.now() - beganMs, 'answers made for nobody').toBeLessThan(1_000)
})

test('a message that is on its way when the server goes down is taken to its end, and confirmed before the goodbye', async () => {
  const town = await start()
  const [whole, several, begun] = await Promise.all([server.connect(), server.connect(), server.connect()])
  say(whole, 'a APPEND INBOX {8}\r\n')
  await heard(whole, '+ ')
  say(several, 'a APPEND INBOX {6+}\r\na: b\r\n {6}\r\n')
  await heard(several, '+ ')
  // Nothing of this one is the server's yet.
  say(begun, 'a APPEND INB')
  await new Promise((resolve) => setTimeout(resolve, 50))
  const drained = server.server.drain()
  expect(await heard(begun, '* BYE')).toBe('* BYE The server is going down\r\n')
  say(whole, 'a: b\r\n\r\n\r\nb NOOP\r\n')
  expect(await heard(whole, '* BYE')).toMatch(/^a OK \[APPENDUID [^\r]*\r\n\* BYE [^\r]*\r\n$/)
  say(several, 'c: d\r\n')
  say(several, '\r\n')
  expect(await heard(several, '* BYE')).toMatch(/^a OK \[APPENDUID \d+ \d+:\d+] [^\r]*\r\n\* BYE [^\r]*\r\n$/)
  for (const wire of [whole, several, begun]) wire.close()
  await drained
  expect((await town.ada.mailbox('INBOX'))?.status.messages).toBe(3)
  expect(server.errors).toEqual([])
})

test('a client that is gone within a message, within IDLE or within a login leaves nothing behind and no error', async () => {
  const town = await start()
  for (const words of ['a APPEND INBOX {100+}\r\nhalf', 'a IDLE\r\n', 'a APPEND INBOX {6+}\r\na: b\r\n', 'a NOO']) {
    const wire = await server.connect()
    say(wire, words)
    await new Promise((resolve) => setTimeout(resolve, 50))
    wire.close()
  }
  town.beginning = []
  const wire = await server.connect()
  say(wire, 'a AUTHENTICATE PLAIN\r\n')
  await heard(wire, '+ ')
  wire.close()
  await vi.waitFor(() => expect(server.server.sessions).toBe(0))
  expect((await town.ada.mailbox('INBOX'))?.status.messages).toBe(0)
  expect(server.errors).toEqual([])
})

test('a message that the store refuses in the middle is passed over, with all that follows it in its command', async () => {
  const town = await start({}, { messageBytesMax: 1_000 })
  const wire = await server.connect()
  const big = 'x'.repeat(300_000)
  say(wire, `a APPEND INBOX {300000+}\r\n${big}\r\nb NOOP\r\n`)
  expect(await heard(wire, 'b OK')).toMatch(/^a NO \[TOOBIG\] [^\r]*\r\nb OK/)
  say(wire, `c APPEND INBOX {6+}\r\na: b\r\n {300000+}\r\n${big} {4+}\r\nmore\r\nd NOOP\r\n`)
  expect(await heard(wire, 'd OK')).toMatch(/^c NO \[TOOBIG\] [^\r]*\r\nd OK/)
  say(wire, 'e APPEND INBOX {300000}\r\n')
  await heard(wire, '+ ')
  say(wire, `${big}\r\nf NOOP\r\n`)
  expect(await heard(wire, 'f OK')).toMatch(/e NO \[TOOBIG\] [^\r]*\r\nf OK/)
  expect((await town.ada.mailbox('INBOX'))?.status.messages).toBe(0)
  expect(server.errors).toEqual([])
  wire.close()
})

test('a command line, a literal and a login that are too long: an answer each, and the session lives on or ends', async () => {
  await start()
  const wire = await server.connect()
  say(wire, `a NOOP ${'x'.repeat(70_000)}\r\nb NOOP\r\n`)
  expect(await heard(wire, 'b OK')).toMatch(/^a BAD [^\r]*\r\nb OK/)
  say(wire, `c SELECT {2000000+}\r\n${'x'.repeat(2_000_000)}\r\nd NOOP\r\n`)
  expect(await heard(wire, 'd OK')).toMatch(/^c BAD [^\r]*\r\nd OK/)
  say(wire, 'e IDLE\r\n')
  await heard(wire, '+ idling')
  say(wire, `${'x'.repeat(70_000)}\r\nf NOOP\r\n`)
  expect(await heard(wire, 'f OK')).toMatch(/^e BAD [^\r]*\r\nf OK/)
  wire.close()
})

test('of sessions that are told at the same moment one has the message as recent', async () => {
  const town = await start()
  const inbox = (await town.ada.mailbox('INBOX')) as MailboxListing
  const wires = await Promise.all(Array.from({ length: 8 }, () => server.connect()))
  for (const wire of wires) say(wire, 'a SELECT INBOX\r\nb IDLE\r\n')
  for (const wire of wires) await heard(wire, '+ idling')
  for (let n = 1; n <= 5; n++) {
    const told = wires.map((wire) => heard(wire, ' RECENT\r\n'))
    await town.ada.append(inbox.id, [{ message: Buffer.from('A: b\r\n\r\n') }])
    for (const text of await Promise.all(told)) expect(text).toContain(`* ${n} EXISTS\r\n`)
  }
  for (const wire of wires) say(wire, 'DONE\r\nc UID SEARCH RECENT\r\n')
  const found = await Promise.all(wires.map((wire) => heard(wire, 'c OK')))
  const uids = found.flatMap((text) => (/\* SEARCH ?([\d ]*)\r/.exec(text)?.[1] ?? '').split(' ').filter(Boolean))
  expect(uids.map(Number).sort()).toEqual([1, 2, 3, 4, 5])
  for (const wire of wires) wire.close()
})

test('mail is read also where nothing can be written, and selecting a mailbox without news writes nothing', async () => {
  const town = await start()
  const inbox = (await town.ada.mailbox('INBOX')) as MailboxListing
  await town.ada.append(inbox.id, [{ message: Buffer.from('A: b\r\n\r\n') }])
  let claims = 0
  const full = async (): Promise<never> => {
    claims++
    throw new StoreRefusal('disk-full', 'The disk is full.')
  }
  Object.assign(town.ada, { claimRecent: full })
  const wire = await server.connect()
  say(wire, 'a SELECT INBOX\r\nb FETCH 1 FLAGS\r\n')
  const text = await heard(wire, 'b OK')
  expect(text).toContain('* 1 EXISTS\r\n* 0 RECENT\r\n')
  expect(text).toContain('* 1 FETCH (FLAGS ())\r\n')
  expect(claims).toBe(1)
  say(wire, 'c SELECT Archive\r\nd NOOP\r\n')
  await heard(wire, 'd OK')
  expect(claims).toBe(1)
  wire.close()
})
