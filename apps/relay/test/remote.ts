// A mail server over raw sockets that says what a test has it say: a reply for each step, or no reply and an end of the connection.
// It keeps what was sent to it. It speaks for itself, so that the client's habits are seen as they are on the wire.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { Certificate } from './certificate.js'

export type Step =
  | 'GREETING'
  | 'EHLO'
  | 'HELO'
  | 'STARTTLS'
  | 'HANDSHAKE'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'MESSAGE'
  | 'RSET'
  | 'QUIT'

/** A reply; `drop` ends the connection, `hang` says nothing; a function writes what it likes. Undefined is the usual reply. */
export type Answer = string | 'drop' | 'hang' | ((socket: Socket) => void) | undefined

export interface RemoteOptions {
  readonly extensions?: readonly string[]
  readonly certificate?: Certificate
  /** TLS from the first byte. */
  readonly isImplicit?: boolean
  readonly login?: { readonly user: string; readonly secret: string }
  readonly say?: (step: Step, line: string, remote: Remote) => Answer
  readonly port?: number
  readonly host?: string
}

export interface Received {
  readonly mail: string
  readonly recipients: readonly string[]
  readonly text: string
  readonly isSecure: boolean
}

export interface Remote {
  readonly port: number
  readonly messages: Received[]
  /** Every line from every client, in order. */
  readonly lines: string[]
  /** Packets in which lines came, for what is pipelined. */
  readonly packets: string[]
  connections: number
  /** Open right now. */
  readonly sockets: Set<Socket>
}

export const extensions = ['PIPELINING', 'SIZE 10485760', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'DSN']

export async function givenRemote(options: RemoteOptions = {}): Promise<Remote> {
  const server: Server = createServer()
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1')
  await once(server, 'listening')
  const remote: Remote = {
    port: (server.address() as AddressInfo).port,
    messages: [],
    lines: [],
    packets: [],
    connections: 0,
    sockets: new Set(),
  }
  server.on('connection', (socket) => {
    remote.connections += 1
    remote.sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', () => remote.sockets.delete(socket))
    new Conversation(socket, { remote, options })
  })
  onTestFinished(() => {
    for (const socket of remote.sockets) socket.destroy()
    server.close()
  })
  return remote
}

class Conversation {
  readonly #remote: Remote
  readonly #options: RemoteOptions
  #socket: Socket
  #input = ''
  #mail = ''
  #recipients: string[] = []
  #isInData = false
  #isSecure = false
  /** Nothing more is said, whatever comes. */
  #isHung = false
  #auth: string[] | undefined

  constructor(socket: Socket, about: { remote: Remote; options: RemoteOptions }) {
    this.#remote = about.remote
    this.#options = about.options
    this.#socket = socket
    if (about.options.isImplicit) this.#secure()
    else this.#listen()
    this.#reply('GREETING', '', '220 mx.example.test ESMTP')
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#remote.packets.push(chunk.toString('utf8'))
      this.#input += chunk.toString('utf8')
      this.#work()
    })
  }

  #secure(): void {
    const plain = this.#socket
    plain.removeAllListeners('data')
    const { cert, key } = this.#options.certificate!
    this.#socket = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext({ cert, key }) })
    this.#socket.on('error', () => undefined)
    this.#isSecure = true
    this.#input = ''
    this.#listen()
  }

  #work(): void {
    while (!this.#isHung) {
      const mark = this.#isInData ? '\r\n.\r\n' : '\r\n'
      const end = this.#input.indexOf(mark)
      if (end < 0) return
      const piece = this.#input.slice(0, end)
      this.#input = this.#input.slice(end + mark.length)
      if (this.#isInData) this.#message(`${piece}\r\n`)
      else this.#command(piece)
    }
  }

  #message(text: string): void {
    this.#isInData = false
    const received = { mail: this.#mail, recipients: this.#recipients, isSecure: this.#isSecure }
    this.#reply('MESSAGE', '', '250 2.0.0 Ok: queued as 4711', () =>
      this.#remote.messages.push({ ...received, text: text.replace(/^\./gm, '') }),
    )
    this.#mail = ''
    this.#recipients = []
  }

  #command(line: string): void {
    this.#remote.lines.push(line)
    const verb = (/^\w+/.exec(line)?.[0] ?? '').toUpperCase()
    if (this.#auth !== undefined) this.#login(line)
    else if (verb === 'EHLO') this.#reply('EHLO', line, this.#greeting())
    else if (verb === 'HELO') this.#reply('HELO', line, '250 mx.example.test')
    else if (verb === 'STARTTLS' && this.#options.certificate === undefined)
      this.#reply('STARTTLS', line, '502 5.5.1 No')
    else if (verb === 'STARTTLS')
      this.#reply('STARTTLS', line, '220 2.0.0 Ready', () => {
        const answer = this.#options.say?.('HANDSHAKE', '', this.#remote)
        if (typeof answer === 'function') answer(this.#socket)
        else if (answer === 'drop') this.#socket.destroy()
        else if (answer === undefined) this.#secure()
      })
    else if (verb === 'AUTH') this.#login(line)
    else if (verb === 'MAIL') this.#reply('MAIL', line, '250 2.1.0 Ok', () => (this.#mail = line))
    else if (verb === 'RCPT')
      this.#reply('RCPT', line, this.#mail ? '250 2.1.5 Ok' : '503 5.5.1 MAIL first', () => this.#recipients.push(line))
    else if (verb === 'DATA')
      this.#reply('DATA', line, this.#recipients.length > 0 ? '354 Go ahead' : '554 5.5.1 No valid recipients', () => {
        this.#isInData = true
      })
    else if (verb === 'RSET') {
      this.#mail = ''
      this.#recipients = []
      this.#reply('RSET', line, '250 2.0.0 Ok')
    } else if (verb === 'QUIT') this.#reply('QUIT', line, '221 2.0.0 Bye', () => this.#socket.end())
    else this.#socket.write('500 5.5.2 What?\r\n')
  }

  #greeting(): string {
    const offered = [...(this.#options.extensions ?? extensions)]
    if (this.#options.certificate && !this.#isSecure) offered.push('STARTTLS')
    if (this.#options.login) offered.push('AUTH PLAIN LOGIN')
    const lines = ['mx.example.test greets you', ...offered]
    return lines.map((line, at) => `250${at === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n')
  }

  #login(line: string): void {
    const words = [...(this.#auth ?? []), line]
    const decode = (word: string) => Buffer.from(word, 'base64').toString()
    const plain = /^AUTH PLAIN (\S+)$/.exec(words[0]!)?.[1]
    this.#auth = undefined
    if (plain === undefined && words.length < 3) {
      this.#auth = words
      this.#socket.write(`334 ${Buffer.from(words.length === 1 ? 'Username:' : 'Password:').toString('base64')}\r\n`)
      return
    }
    const [user, secret] = plain === undefined ? words.slice(1).map(decode) : decode(plain).split('\0').slice(1)
    const isRight = user === this.#options.login?.user && secret === this.#options.login?.secret
    this.#reply('AUTH', line, isRight ? '235 2.7.0 Welcome' : '535 5.7.8 Authentication failed')
  }

  /** The test's answer, or the usual one; `then` where the usual one was positive. */
  #reply(step: Step, line: string, usual: string, then?: () => unknown): void {
    const answer = this.#options.say?.(step, line, this.#remote)
    this.#isHung = typeof answer === 'function' || answer === 'hang' || answer === 'drop' || !!answer?.startsWith('421')
    if (typeof answer === 'function') answer(this.#socket)
    if (typeof answer === 'function' || answer === 'hang') return
    if (answer === 'drop') {
      if (step === 'MESSAGE') then?.()
      this.#socket.destroy()
      return
    }
    const said = answer ?? usual
    this.#socket.write(`${said}\r\n`)
    if (/^[23]/.test(said)) then?.()
    if (said.startsWith('421')) this.#socket.end()
  }
}
