// An IMAP client that does as little as one can: it writes what it is given and looks at each chunk's end for the tagged
// answer it waits for, so that a measured time is the server's. Answers are kept only where they're asked for.

import { connect } from 'node:tls'

const tailBytes = 4_096
let nextTag = 0

export class RawClient {
  #socket
  #tail = ''
  #waiting
  #kept
  bytes = 0

  constructor(socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#take(chunk))
    for (const event of ['error', 'close'])
      socket.on(event, (error) => this.#waiting?.reject(error instanceof Error ? error : new Error('closed')))
  }

  static async connect({ port, host = '127.0.0.1' }) {
    const socket = connect({ host, port, rejectUnauthorized: false, minVersion: 'TLSv1.3' })
    socket.setNoDelay(true)
    const client = new RawClient(socket)
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

  write(text) {
    this.#socket.write(text, 'latin1')
  }

  /** Resolves with the last line of a chunk, as soon as it is one that `isIt` takes. */
  until(isIt) {
    return new Promise((resolve, reject) => {
      this.#waiting = { isIt, resolve, reject }
    })
  }

  end() {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #take(chunk) {
    this.bytes += chunk.length
    this.#kept?.push(chunk)
    const from = Math.max(0, chunk.length - tailBytes)
    this.#tail = (from > 0 ? '' : this.#tail.slice(-tailBytes)) + chunk.latin1Slice(from)
    if (this.#waiting === undefined || chunk[chunk.length - 1] !== 0x0a) return
    const line = this.#tail.slice(this.#tail.lastIndexOf('\n', this.#tail.length - 2) + 1, -2)
    if (!this.#waiting.isIt(line)) return
    const { resolve } = this.#waiting
    this.#waiting = undefined
    resolve(line)
  }
}
