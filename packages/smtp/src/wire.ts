// A client's connection as the session sees it: lines to read when it asks for them, replies that go out in one piece, the
// message behind DATA as a stream, STARTTLS, a goodbye. It's smtp-server's connection, with its parser, its idle clock and its
// way to close; the commands and all that is said are our own, since most of what contract A2 and D1 ask for isn't in there
// (docs/decisions/smtp-server.md).

import { TLSSocket } from 'node:tls'
import { type Certificates, handshake, type Incoming } from '@postern/service'
import type { SMTPServer } from 'smtp-server'
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js'
import type { SMTPStream } from 'smtp-server/lib/smtp-stream.js'
import type { MessageData } from './message-data.js'
import { MessageParser } from './message-parser.js'
import { type Reply, replyLine, replyLines } from './reply.js'

/** Whatever was being done for the client, nobody is there to hear of it. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

export interface WireLimits {
  /** What is held of a line whose end doesn't come; then the connection ends. */
  readonly lineBytesMax: number
  readonly idleTimeoutMs: number
  /** Of STARTTLS. */
  readonly handshakeTimeoutMs: number
  /** For the client to leave once it was told goodbye. */
  readonly lingerMs: number
}

export interface WireOptions {
  readonly incoming: Incoming
  readonly limits: Pick<WireLimits, 'handshakeTimeoutMs' | 'lingerMs'>
  readonly onIdle: () => void
  readonly onTlsHello: () => void
  readonly onLineTooLong: () => void
}

/** RFC 8446 §5.1: what a ClientHello begins with, and no command. */
const tlsHandshake = 22

/** After so many lines of one chunk the others are served, and what was said goes out. */
const linesAtOnce = 50

export class Wire extends SMTPConnection {
  /** For logs. */
  readonly incoming: Incoming
  readonly #options: WireOptions
  #said = ''
  #flushing: NodeJS.Immediate | undefined
  /** Lets the parser go on behind what was taken last. */
  #goOn: (() => void) | undefined
  #wake: ((line: Buffer | undefined) => void) | undefined
  /** Said before anybody asked for it: the client didn't wait for the greeting. */
  #early: Buffer | undefined
  #linesInTurn = 0
  #isOver = false
  #bytesIn = 0
  #bytesOut = 0
  readonly #closed: Promise<void>
  #resolveClosed: () => void = () => {}

  constructor(server: SMTPServer, options: WireOptions) {
    const { id, remoteAddress, remotePort, localPort, secure, socket } = options.incoming
    super(server, socket, { id, remoteAddress, remotePort, localPort })
    this.incoming = options.incoming
    this.#options = options
    this.secure = secure
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  /** Without the tenth of a second that smtp-server waits for clients that speak first. */
  override init(): void {
    this._ready = true
    this._setListeners(() => {})
    if (this._socket.destroyed) this._onClose()
  }

  override _setListeners(begin: () => void): void {
    this._socket.on('data', this.#onBytes)
    super._setListeners(begin)
  }

  /** Before the parser has them. A client that wants TLS at once on the port of STARTTLS can be told so. */
  readonly #onBytes = (bytes: Buffer): void => {
    const isFirst = this.#bytesIn === 0
    this.#bytesIn += bytes.length
    if (!isFirst || bytes[0] !== tlsHandshake || this._parser === false) return
    this._parser.isClosed = true
    this.#options.onTlsHello()
  }

  get closed(): Promise<void> {
    return this.#closed
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get bytesIn(): number {
    return this.#bytesIn
  }

  get bytesOut(): number {
    return this.#bytesOut
  }

  /** The TLS version and cipher, for logs and for the Received field. */
  get tls(): { readonly version: string; readonly cipher: string } | undefined {
    if (!(this._socket instanceof TLSSocket)) return undefined
    return { version: this._socket.getProtocol() ?? '', cipher: this._socket.getCipher()?.name ?? '' }
  }

  /** Whether the client is the one who has to say something. */
  get isWaiting(): boolean {
    return this.#wake !== undefined
  }

  /** Whether a message is on its way in, with more of it to come. */
  get isReceiving(): boolean {
    return this._parser !== false && this._parser._dataMode
  }

  /** The next line, without its end; undefined when there will be none. One call at a time. */
  line(): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      if (this.#isOver) return resolve(undefined)
      const early = this.#early
      this.#early = undefined
      if (early !== undefined) return resolve(early)
      this.#wake = resolve
      this._handlerPending = false
      const goOn = this.#goOn
      this.#goOn = undefined
      if (goOn !== undefined) this._whenWritable(goOn)
    })
  }

  say(reply: Reply): void {
    this.#write(replyLine(reply))
  }

  sayLines(code: number, texts: readonly string[]): void {
    this.#write(replyLines(code, texts))
  }

  #write(text: string): void {
    if (this.#isOver || this._upgrading) return
    this.#said += text
    this.#flushing ??= setImmediate(() => this.flush())
  }

  /** What was said in one turn of the event loop is one write. */
  flush(): void {
    if (this.#flushing !== undefined) clearImmediate(this.#flushing)
    this.#flushing = undefined
    if (this.#said === '' || !this._socket.writable) return
    this.#bytesOut += this.#said.length
    this._socket.write(this.#said, 'latin1')
    this.#said = ''
  }

  /**
   * Takes what follows as a message until its end; it breaks off with an error when the client does, and with a refusal when it has more
   * than so many bytes: a message that is too large is read to its end, so that the client hears the refusal (RFC 1870 §6.2), and
   * one that has no end is not.
   */
  startData({ bytesMax }: { readonly bytesMax: number }): MessageData {
    const parser = this._parser
    if (!(parser instanceof MessageParser) || this.#isOver) throw new ClientGone()
    const data = parser.startMessage(bytesMax)
    this._dataStream = data as unknown as SMTPStream['_dataStream']
    const goOn = this.#goOn
    this.#goOn = () => {
      this._dataStream = false
      parser.continue()
    }
    this._handlerPending = false
    goOn?.()
    return data
  }

  /**
   * RFC 3207 §4.2, §5: what was sent behind the command without waiting is thrown away, in the parser and in the socket, so that
   * nothing sent in clear is ever taken for something sent under TLS.
   */
  async startTls(goAhead: Reply, certificates: Certificates): Promise<void> {
    const plain = this._socket
    const retired = this._parser
    if (retired === false || this.#isOver) throw new ClientGone()
    plain.unpipe(retired)
    plain.removeListener('data', this.#onBytes)
    retired.isClosed = true
    this.#goOn?.()
    this.#goOn = undefined
    while (plain.read() !== null);
    this.say(goAhead)
    this.flush()
    this._upgrading = true
    this._parser = this._createParser()
    plain.setTimeout(0)
    try {
      const secure = await handshake(plain, certificates, { timeoutMs: this.#options.limits.handshakeTimeoutMs })
      this._socket = secure
      this._upgrading = false
      this.secure = true
      this._setListeners(() => {})
      if (secure.destroyed) this._onClose()
    } catch (cause) {
      this._onClose()
      throw new ClientGone('No TLS after STARTTLS', { cause })
    }
  }

  /** Sends what was said and ends; the client has a moment to leave. */
  override close(): void {
    if (this.#isOver) return
    this.flush()
    super.close()
    const linger = setTimeout(() => this._socket.destroy(), this.#options.limits.lingerMs)
    void this.#closed.then(() => clearTimeout(linger))
    this.#end()
  }

  destroy(): void {
    this._socket.destroy()
  }

  override _createParser(): SMTPStream {
    const parser = new MessageParser({ maxCommandLength: this._server.options.maxCommandLength })
    parser.oncommand = (line, goOn) => this._onCommand(line, goOn)
    parser.on('error', () => this.#options.onLineTooLong())
    // The client has said all it has to say.
    parser.once('finish', () => this.close())
    return parser
  }

  /** Without `goOn` it's what a client left behind of a line when it went. */
  override _onCommand(line: Buffer, goOn?: () => void): void {
    if (goOn === undefined || this.#isOver) return
    this.#goOn = this.#inTurns(goOn)
    this._handlerPending = true
    const wake = this.#wake
    this.#wake = undefined
    if (wake === undefined) this.#early = line
    else wake(line)
  }

  #inTurns(goOn: () => void): () => void {
    this.#linesInTurn++
    if (this.#linesInTurn < linesAtOnce) return goOn
    this.#linesInTurn = 0
    return () => void setImmediate(goOn)
  }

  /** The clock stands while the client waits for the server. */
  override _onTimeout(): void {
    if (this._closing) this._socket.destroy()
    else if (this._handlerPending || (this._dataStream && !this.isReceiving)) this._armTimeout()
    else this.#options.onIdle()
  }

  override _onError(): void {
    this._socket.destroy()
  }

  override _onClose(): void {
    this.#end()
    super._onClose()
    this.#resolveClosed()
  }

  /** Nothing more is read, nor said. */
  #end(): void {
    this.#isOver = true
    const wake = this.#wake
    this.#wake = undefined
    wake?.(undefined)
    const data = this._dataStream
    if (data && !data.writableEnded) data.destroy(new ClientGone())
  }
}
