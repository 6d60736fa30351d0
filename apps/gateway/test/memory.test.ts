// A message of 96 MB goes in and comes out, to a client that stops reading for a while, and the process never holds it: what its
// memory grows by is far less. Contract C11. `npm run bench:imap` does the same with 5 GB and with twenty clients.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, postern, started } from './gateway-process.js'

const messageBytes = 96_000_000
const growthBytesMax = 64_000_000
/** As the kernel tells it; elsewhere than on Linux this is not measured. */
const statusOf = (pid: number): string => `/proc/${pid}/status`

test.skipIf(!existsSync(statusOf(process.pid)))(
  'a large message goes in and out in flat memory',
  { timeout: 60_000 },
  async () => {
    const env = { POSTERN_DATA_DIR: join(newFolder(), 'data'), POSTERN_BIND: '127.0.0.1' }
    const gateway = postern(['start', '--json'], { env })
    const said = await started(gateway)
    const { inbox, password } = said.firstStart!
    const ca = readFileSync(said.caFile!)
    const socket = connect({ host: '127.0.0.1', port: said.imap!.port, ca, servername: 'localhost' })
    onTestFinished(() => void socket.destroy())
    const client = new Client(socket)
    await client.says(`a LOGIN ${inbox} ${password}\r\n`, 'a OK')
    const memory = watched(gateway.child.pid!)

    await client.says(`b APPEND INBOX {${messageBytes}}\r\n`, '+ ')
    const sent = createHash('sha256')
    for (let left = messageBytes; left > 0; ) {
      const part = left === messageBytes ? head : body.subarray(0, Math.min(left, body.length))
      left -= part.length
      sent.update(part)
      await client.writes(part)
    }
    await client.says('\r\n', 'b OK')
    await client.says('c SELECT INBOX\r\n', 'c OK')
    expect(memory.growth()).toBeLessThan(growthBytesMax)

    const came = createHash('sha256')
    const bytes = await client.fetches((piece) => came.update(piece))
    expect(bytes).toBe(messageBytes)
    expect(came.digest('hex')).toBe(sent.digest('hex'))
    expect(memory.growth()).toBeLessThan(growthBytesMax)
    memory.stop()
  },
)

const head = Buffer.from(
  [
    ...['From: ada@example.test', 'Subject: large', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b'],
    ...['', '--b', '', 'See the attachment.', '--b', 'Content-Type: application/octet-stream', '', ''],
  ].join('\r\n'),
)
const body = Buffer.from(`${'QUJD'.repeat(19)}\r\n`.repeat(3_000))

/** By how much the process has grown since now, at the most. */
function watched(pid: number) {
  const resident = (): number => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(statusOf(pid), 'latin1'))![1]) * 1_024
  const first = resident()
  let most = first
  const timer = setInterval(() => {
    most = Math.max(most, resident())
  }, 10)
  return { growth: () => most - first, stop: () => clearInterval(timer) }
}

class Client {
  readonly #socket: TLSSocket

  constructor(socket: TLSSocket) {
    this.#socket = socket
  }

  writes(bytes: Uint8Array): Promise<unknown> {
    return new Promise((resolve) => this.#socket.write(bytes, resolve))
  }

  /** Resolves when the answer has come. */
  async says(line: string, answer: string): Promise<void> {
    let text = ''
    const came = new Promise<void>((resolve) => {
      const listener = (chunk: Buffer): void => {
        text += chunk.toString('latin1')
        if (!text.includes(answer)) return
        this.#socket.off('data', listener)
        resolve()
      }
      this.#socket.on('data', listener)
    })
    await this.writes(Buffer.from(line))
    await came
  }

  /** The literal of the one message, with a rest after the first pieces; how many bytes it had. */
  async fetches(take: (piece: Uint8Array) => void): Promise<number> {
    await this.writes(Buffer.from('d FETCH 1 BODY.PEEK[]\r\n'))
    const intro = Buffer.from(`* 1 FETCH (BODY[] {${messageBytes}}\r\n`)
    let seen = 0
    for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
      const before = seen
      seen += chunk.length
      const from = Math.max(0, intro.length - before)
      const to = Math.min(chunk.length, intro.length + messageBytes - before)
      if (from < to) take(chunk.subarray(from, to))
      if (before < 1_000_000 && seen >= 1_000_000) await sleep(1_000)
      if (chunk.includes('d OK')) return Math.min(seen - intro.length, messageBytes)
    }
    return seen
  }
}
