// Messages of any size run through the whole gateway in flat memory, both ways, and come out byte for byte; clients that don't
// read cost a bounded buffer each. Looked at from outside, in the memory that the process has ever had. Contract C11.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect, type TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, type Process, postern, started, stop } from './gateway-process.js'

const messageBytes = 60_000_000

/** A message that is made as it's read, the same each time: lines of base64 that don't repeat. */
function* message(): Generator<Buffer> {
  const type = 'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64'
  const head = Buffer.from(`From: a@example.net\r\nSubject: big\r\n${type}\r\n\r\n`)
  yield head
  let left = messageBytes - head.length
  for (let n = 0; left > 0; n++) {
    const seed = createHash('sha512').update(String(n)).digest('base64').slice(0, 76)
    const block = Buffer.from(`${seed}\r\n`.repeat(800))
    yield block.subarray(0, left)
    left -= block.length
  }
}
const digest = (): string => {
  const hash = createHash('sha256')
  for (const bytes of message()) hash.update(bytes)
  return hash.digest('hex')
}

const peakBytes = ({ child }: Process): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024

/** Hears bytes without keeping them, up to words that stand at a line's beginning. */
class Listener {
  readonly socket: TLSSocket
  #tail = ''
  #hear: (bytes: Buffer) => void = () => {}

  constructor(socket: TLSSocket) {
    this.socket = socket
    onTestFinished(() => void socket.destroy())
    socket.on('data', (bytes: Buffer) => this.#hear(bytes))
  }

  until(words: string, take: (bytes: Buffer) => void = () => {}): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once('close', () => reject(new Error(`closed before ${words}: ${this.#tail}`)))
      this.#hear = (bytes) => {
        take(bytes)
        this.#tail = (this.#tail + bytes.toString('latin1')).slice(-500)
        if (!this.#tail.includes(words)) return
        this.#tail = ''
        resolve()
      }
    })
  }

  async say(line: string, words: string): Promise<void> {
    const heard = this.until(words)
    this.socket.write(`${line}\r\n`)
    await heard
  }
}

test('messages of 60 MB, in and out, several at once, run in flat memory', async () => {
  const gateway = postern(['start', '--json'], {
    env: { POSTERN_DATA_DIR: newFolder(), POSTERN_DRAIN_MS: '500' },
  })
  const { imap, firstStart } = await started(gateway)
  const login = async (): Promise<Listener> => {
    const socket = connect({ host: '127.0.0.1', port: imap!.port, rejectUnauthorized: false })
    const client = new Listener(socket)
    await client.say(`a LOGIN me@example.test ${firstStart!.password}`, 'a OK')
    return client
  }
  const before = peakBytes(gateway)

  const writers = await Promise.all([login(), login(), login()])
  await Promise.all(
    writers.map(async (writer) => {
      await writer.say(`b APPEND INBOX {${messageBytes}}`, '+ ')
      const confirmed = writer.until('b OK')
      for (const bytes of message())
        if (!writer.socket.write(bytes)) await new Promise((resolve) => writer.socket.once('drain', resolve))
      writer.socket.write('\r\n')
      await confirmed
    }),
  )
  const afterAppend = peakBytes(gateway)

  const reader = writers[0] as Listener
  await reader.say('c SELECT INBOX', 'c OK')
  const hash = createHash('sha256')
  let toCome = messageBytes
  let isIn = false
  const fetched = reader.until('d OK', (bytes) => {
    let rest = bytes
    if (!isIn) {
      const start = rest.indexOf('}\r\n')
      if (start < 0) return
      isIn = true
      rest = rest.subarray(start + 3)
    }
    const part = rest.subarray(0, toCome)
    hash.update(part)
    toCome -= part.length
  })
  reader.socket.write('d FETCH 1 BODY.PEEK[]\r\n')
  await fetched
  expect(hash.digest('hex')).toBe(digest())

  // These ask for all of it ten times, and read nothing.
  for (let n = 0; n < 10; n++) {
    const deaf = await login()
    await deaf.say('c SELECT INBOX', 'c OK')
    deaf.socket.pause()
    deaf.socket.write('d FETCH 1:3 BODY.PEEK[]\r\n'.repeat(10))
  }
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  await reader.say('e NOOP', 'e OK')
  const afterAll = peakBytes(gateway)
  // Three messages in, and ten clients that each ask for all of them ten times: less than two messages.
  expect(afterAppend - before).toBeLessThan(100_000_000)
  expect(afterAll - before).toBeLessThan(120_000_000)
  expect(await stop(gateway)).toBe(0)
}, 120_000)
