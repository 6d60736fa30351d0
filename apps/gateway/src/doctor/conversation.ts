// A conversation in lines over TLS, as far as a login needs it: say something, and wait for the line that answers.

import { createInterface } from 'node:readline'
import type { TLSSocket } from 'node:tls'

export class Conversation {
  readonly #socket: TLSSocket
  readonly #lines: AsyncIterator<string>
  #trouble = new Error('The server closed the connection')

  constructor(socket: TLSSocket) {
    this.#socket = socket
    const lines = createInterface({ input: socket.setEncoding('utf8') })
    this.#lines = lines[Symbol.asyncIterator]()
    socket.once('error', (error) => {
      this.#trouble = error
    })
    socket.once('close', () => lines.close())
  }

  /** The first line that matches; those before it are of no interest. */
  async hear(expected: RegExp): Promise<string> {
    for (;;) {
      const { value, done } = await this.#lines.next()
      if (done) throw this.#trouble
      if (expected.test(value)) return value
    }
  }

  say(line: string): void {
    this.#socket.write(`${line}\r\n`)
  }
}

/** RFC 4616 §2. */
const plain = (user: string, secret: string): string => Buffer.from(`\0${user}\0${secret}`).toString('base64')

export interface LoginTry {
  readonly user: string
  readonly secret: string
}

/** Undefined when it went well, or the server's own words. RFC 9051 §6.2.2, RFC 4959 §3. */
export async function imapLogin(talk: Conversation, { user, secret }: LoginTry): Promise<string | undefined> {
  const greeting = await talk.hear(/^\* /)
  if (!greeting.startsWith('* OK')) return greeting
  talk.say(`a AUTHENTICATE PLAIN ${plain(user, secret)}`)
  const login = await talk.hear(/^a |^\* BYE/)
  if (!login.startsWith('a OK')) return login
  talk.say('b STATUS INBOX (MESSAGES)')
  const status = await talk.hear(/^b |^\* BYE/)
  talk.say('c LOGOUT')
  return status.startsWith('b OK') ? undefined : status
}

/** RFC 5321 §4.1.1.1, RFC 4954 §4. */
export async function smtpLogin(talk: Conversation, { user, secret }: LoginTry): Promise<string | undefined> {
  const greeting = await talk.hear(/^\d{3} /)
  if (!greeting.startsWith('220')) return greeting
  talk.say('EHLO doctor.invalid')
  const hello = await talk.hear(/^\d{3} /)
  if (!hello.startsWith('250')) return hello
  talk.say(`AUTH PLAIN ${plain(user, secret)}`)
  const login = await talk.hear(/^\d{3} /)
  talk.say('QUIT')
  return login.startsWith('235') ? undefined : login
}
