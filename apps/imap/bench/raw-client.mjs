// An IMAP client that does as little as one can: it writes what it is given and looks at each chunk's end for the tagged
// answer it waits for, so that a measured time is the server's. Answers are kept only where they're asked for.

import { connect } from 'node:tls'

const tailBytes = 4_096
/** All clients read into the same memory: a stream's own pieces would cost a quarter of what reading mail costs here. */
const readInto = Buffer.allocUnsafeSlow(65_536)
const paceMs = 20
let nextTag = 0

const literal = (message) => Buffer.from(`{${message.length}+}\r\n`, 'latin1')

/** An APPEND or MULTIAPPEND without its tag, for `commands`. */
export const appendOf = (mailbox, messages, wordsOf = () => '') =>
  Buffer.concat([
    Buffer.from(`APPEND ${mailbox}`, 'latin1'),
    ...messages.flatMap((message, i) => [Buffer.from(` ${wordsOf(i)}`, 'latin1'), literal(message), message]),
    Buffer.from('\r\n'),
  ])

export class RawClient {
  #socket
  #tail = ''
  #waiting
  #kept
  #pace
  #allowedBytes = 0
  bytes = 0

  constructor({ port, host = '127.0.0.1' }) {
    const onread = {
      buffer: readInto,
      callback: (length) => {
        this.#take(readInto.subarray(0, length))
        return true
      },
    }
    const socket = connect({ host, port, rejectUnauthorized: false, minVersion: 'TLSv1.3', onread })
    socket.setNoDelay(true)
    for (const event of ['error', 'close'])
      socket.on(event, (error) => this.#waiting?.reject(error instanceof Error ? error : new Error('closed')))
    this.#socket = socket
  }

  static async connect(server) {
    const client = new RawClient(server)
    await client.until((line) => line.startsWith('* OK'))
    return client
  }

  static async loggedIn(server, mailbox) {
    const client = await RawClient.connect(server)
    await client.command(`LOGIN ${server.user} ${server.password}`)
    if (mailbox !== undefined) await client.command(`SELECT ${mailbox}`)
    return client
  }

  /** Resolves with the tagged line; rejects when it isn't OK. */
  async command(text) {
    const [line] = await this.commands([text])
    return line
  }

  /** Writes all at once, and resolves with the last one's tagged line. Buffers are sent behind a tag as they are. */
  async commands(texts) {
    let tag
    const parts = []
    for (const text of texts) {
      tag = `q${++nextTag}q`
      if (typeof text === 'string') parts.push(Buffer.from(`${tag} ${text}\r\n`, 'latin1'))
      else parts.push(Buffer.from(`${tag} `, 'latin1'), text)
    }
    const answer = this.until((line) => line.startsWith(`${tag} `))
    this.#socket.write(Buffer.concat(parts))
    const line = await answer
    if (!line.startsWith(`${tag} OK`)) throw new Error(line)
    return [line]
  }

  /** What the commands bring, as text. */
  async answerTo(text) {
    this.#kept = []
    try {
      await this.command(text)
      return Buffer.concat(this.#kept).toString('latin1')
    } finally {
      this.#kept = undefined
    }
  }

  /** A message in parts, each written when the one before it has left: what waits here is one part. */
  async append(mailbox, parts) {
    const tag = `q${++nextTag}q`
    const size = parts.reduce((sum, { length }) => sum + length, 0)
    const invited = this.until((line) => line.startsWith('+') || line.startsWith(tag))
    this.write(`${tag} APPEND ${mailbox} {${size}}\r\n`)
    const invitation = await invited
    if (!invitation.startsWith('+')) throw new Error(invitation)
    const answer = this.until((line) => line.startsWith(`${tag} `))
    for (const part of parts) await new Promise((resolve) => this.#socket.write(part, resolve))
    this.write('\r\n')
    const line = await answer
    if (!line.startsWith(`${tag} OK`)) throw new Error(line)
  }

  /** Resolves when the server has taken note; what comes from then on is for `until`. News may come with the invitation. */
  async idle() {
    const invited = this.until((line) => line.startsWith('+') || line.startsWith('*'))
    this.write('i IDLE\r\n')
    await invited
  }

  /** From now on reads no faster than so many bytes a second. */
  readAt(bytesPerSecond) {
    clearInterval(this.#pace)
    this.#pace = undefined
    this.#allowedBytes = 0
    this.#socket.resume()
    if (bytesPerSecond === Number.POSITIVE_INFINITY) return
    this.#pace = setInterval(() => {
      this.#allowedBytes = Math.min(0, this.#allowedBytes) + (bytesPerSecond * paceMs) / 1_000
      if (this.#allowedBytes > 0) this.#socket.resume()
    }, paceMs)
  }

  write(text) {
    this.#socket.write(text, 'latin1')
  }

  /** Resolves with the last line of a chunk, as soon as it is one that `isIt` takes. */
  until(isIt) {
    return new Promise((resolve, reject) => {
      this.#waiting = { isIt, resolve, reject }
    })
  }

  /** Resolves when there are so many messages; RECENT may come behind that, at once or later. */
  untilExists(count) {
    return this.until((_line, tail) => tail.includes(`* ${count} EXISTS\r\n`))
  }

  end() {
    clearInterval(this.#pace)
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #take(chunk) {
    this.bytes += chunk.length
    if (this.#pace !== undefined) {
      this.#allowedBytes -= chunk.length
      if (this.#allowedBytes <= 0) this.#socket.pause()
    }
    this.#kept?.push(Buffer.from(chunk))
    const from = Math.max(0, chunk.length - tailBytes)
    this.#tail = (from > 0 ? '' : this.#tail.slice(-tailBytes)) + chunk.latin1Slice(from)
    if (this.#waiting === undefined || chunk[chunk.length - 1] !== 0x0a) return
    const line = this.#tail.slice(this.#tail.lastIndexOf('\n', this.#tail.length - 2) + 1, -2)
    if (!this.#waiting.isIt(line, this.#tail)) return
    const { resolve } = this.#waiting
    this.#waiting = undefined
    resolve(line)
  }
}
