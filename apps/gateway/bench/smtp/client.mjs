// A submission client that does as little as one can, so that a measured time is the server's: it pipelines the envelope, writes
// the message in one piece, and looks at replies for their codes alone. RFC 2920.

import { connect as connectInClear } from 'node:net'
import { connect, createSecureContext } from 'node:tls'

/** One for all connections: a handshake is to cost the client what TLS costs and no more. No session is resumed. */
const secureContext = createSecureContext({ minVersion: 'TLSv1.3' })

export class SmtpClient {
  #socket
  #rest = ''
  /** The codes that have come and nobody has taken yet. */
  #codes = []
  #waiting

  constructor(socket) {
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (text) => this.#take(text))
    for (const event of ['error', 'close'])
      socket.on(event, (error) => this.#waiting?.reject(error instanceof Error ? error : new Error('closed')))
  }

  static async loggedIn({ host, port, user, password }) {
    const socket = connect({ host, port, rejectUnauthorized: false, secureContext })
    socket.setNoDelay(true)
    const client = new SmtpClient(socket)
    await client.replies([220])
    await client.say('EHLO bench.example.test', 250)
    await client.say(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`, 235)
    return client
  }

  /** As another mail server comes, without TLS. */
  static async ofServer({ host, port }) {
    const client = new SmtpClient(connectInClear({ host, port, noDelay: true }))
    await client.replies([220])
    await client.say('EHLO bench.example.org', 250)
    return client
  }

  say(line, code) {
    this.write(`${line}\r\n`)
    return this.replies([code])
  }

  /** MAIL, RCPT (each, where `to` is a list) and DATA in one piece, then the message with its final dot. */
  async send({ from, to, message }) {
    const recipients = [to].flat()
    this.write(`MAIL FROM:<${from}>\r\n${recipients.map((one) => `RCPT TO:<${one}>\r\n`).join('')}DATA\r\n`)
    await this.replies([250, ...recipients.map(() => 250), 354])
    this.write(message)
    await this.replies([250])
  }

  write(bytes) {
    this.#socket.write(bytes)
  }

  /** Resolves when as many replies have come; rejects when one has another code. */
  replies(expected) {
    return new Promise((resolve, reject) => {
      this.#waiting = { expected, resolve, reject }
      this.#settle()
    })
  }

  async quit() {
    await this.say('QUIT', 221)
    this.end()
  }

  end() {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #take(text) {
    const lines = (this.#rest + text).split('\r\n')
    this.#rest = lines.pop()
    for (const line of lines) if (line[3] !== '-') this.#codes.push({ code: Number(line.slice(0, 3)), line })
    this.#settle()
  }

  #settle() {
    if (this.#waiting === undefined || this.#codes.length < this.#waiting.expected.length) return
    const { expected, resolve, reject } = this.#waiting
    this.#waiting = undefined
    const came = this.#codes.splice(0, expected.length)
    const wrong = came.find(({ code }, i) => code !== expected[i])
    if (wrong === undefined) resolve()
    else reject(new Error(wrong.line))
  }
}
