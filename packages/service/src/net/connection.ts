/**
 * One client's connection, as a protocol sees it: chunks to read when it asks for them, a buffered way out, an idle clock,
 * and STARTTLS. Nothing is read from the network until read() is called, so a client that sends faster than its commands
 * run is held back by TCP. When the connection is gone, read() gives undefined and writing does nothing.
 */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Certificates } from '../tls/certificates.js'
import { handshake } from '../tls/handshake.js'
import { Outgoing, type OutgoingLimits } from './outgoing.js'
import type { Incoming } from './reception.js'

export interface ConnectionOptions extends OutgoingLimits {
  /** How long the client may send nothing while it has no output to read. Settable later. */
  readonly idleTimeoutMs: number
  /** What to do then: say goodbye and end(), for example. */
  readonly onIdle: (connection: Connection) => void
  /** For the client to close its side after end(). */
  readonly lingerMs: number
}

export class Connection {
  readonly id: string
  readonly door: string
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localPort: number
  readonly #options: ConnectionOptions
  readonly #outgoing: Outgoing
  #socket: Socket
  #isSecure: boolean
  #wake: (() => void) | undefined
  #isEnding = false
  #closeReason: string | undefined
  #bytesIn = 0
  #bytesOut = 0
  #idleTimeoutMs: number
  #idleTimer: NodeJS.Timeout
  #isClosed = false
  /** Made when somebody waits for it. */
  #closed: Promise<void> | undefined
  #resolveClosed: (() => void) | undefined

  constructor(incoming: Incoming, options: ConnectionOptions) {
    this.id = incoming.id
    this.door = incoming.door
    this.remoteAddress = incoming.remoteAddress
    this.remotePort = incoming.remotePort
    this.localPort = incoming.localPort
    this.#socket = incoming.socket
    this.#isSecure = incoming.secure
    this.#options = options
    this.#outgoing = new Outgoing(incoming.socket, options, (reason) => this.destroy(reason))
    this.#idleTimeoutMs = options.idleTimeoutMs
    this.#idleTimer = setTimeout(() => this.#onIdle(), options.idleTimeoutMs)
    this.#attach(incoming.socket)
    if (incoming.socket.destroyed) this.#onClose()
  }

  get secure(): boolean {
    return this.#isSecure
  }

  /** The TLS version and cipher, for logs. */
  get tls(): { readonly version: string; readonly cipher: string } | undefined {
    if (!(this.#socket instanceof TLSSocket)) return undefined
    return { version: this.#socket.getProtocol() ?? '', cipher: this.#socket.getCipher()?.name ?? '' }
  }

  /** Resolves when the connection is gone, whoever ended it. */
  get closed(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      if (this.#isClosed) resolve()
      else this.#resolveClosed = resolve
    })
    return this.#closed
  }

  get isGone(): boolean {
    return this.#socket.destroyed
  }

  /** Why this side cut the connection off, if it did. */
  get closeReason(): string | undefined {
    return this.#closeReason
  }

  /** What the protocol has read so far, and written. */
  get bytesIn(): number {
    return this.#bytesIn
  }

  get bytesOut(): number {
    return this.#bytesOut
  }

  get pendingWriteBytes(): number {
    return this.#outgoing.pendingBytes
  }

  /** The next bytes, as many as have arrived; undefined when the client has finished or is gone. One call at a time. */
  async read(): Promise<Buffer | undefined> {
    if (this.#wake) throw new Error('read() while another read() waits')
    for (;;) {
      const socket = this.#socket
      if (this.#isEnding || socket.destroyed) return undefined
      const chunk: Buffer | null = socket.read()
      if (chunk !== null) {
        this.touch()
        this.#bytesIn += chunk.length
        return chunk
      }
      if (socket.readableEnded) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Returns a promise when the client is slow and the writer should wait before it writes more; awaiting either is right. */
  write(data: string | Uint8Array): Promise<void> | undefined {
    if (this.#isEnding) return undefined
    this.#bytesOut += Buffer.byteLength(data)
    return this.#outgoing.write(data)
  }

  /** Resolves when everything written is on its way. */
  flushed(): Promise<void> {
    return this.#outgoing.flushed()
  }

  /** Starts the idle clock anew. */
  touch(): void {
    this.#idleTimer.refresh()
  }

  setIdleTimeout(idleTimeoutMs: number): void {
    clearTimeout(this.#idleTimer)
    this.#idleTimeoutMs = idleTimeoutMs
    if (!this.#socket.destroyed) this.#idleTimer = setTimeout(() => this.#onIdle(), idleTimeoutMs)
  }

  /**
   * Writes the line that invites the client, then encrypts (RFC 3207 §4, RFC 9051 §6.2.1). What the client sent behind its
   * command without waiting is thrown away here; the caller does the same with what it has already read, so that nothing sent
   * in clear is ever taken for something sent under TLS. What's written meanwhile goes out encrypted.
   */
  async startTls(
    goAhead: string,
    { certificates, handshakeTimeoutMs }: { readonly certificates: Certificates; readonly handshakeTimeoutMs: number },
  ): Promise<void> {
    if (this.#isSecure) throw new Error('startTls on a connection that is already encrypted')
    const plain = this.#socket
    while (plain.read() !== null);
    this.#outgoing.write(goAhead)
    await this.#outgoing.flushed()
    this.#outgoing.hold()
    this.#detach(plain)
    try {
      const secure = await handshake(plain, certificates, { timeoutMs: handshakeTimeoutMs })
      this.#socket = secure
      this.#isSecure = true
      this.#outgoing.moveTo(secure)
      this.#attach(secure)
      if (secure.destroyed) this.#onClose()
      this.touch()
    } catch (error) {
      this.destroy('handshake failed')
      this.#onClose()
      throw error
    }
  }

  /** Sends what's pending, says goodbye, and gives the client a moment to leave. Reading is over at once. */
  async end(): Promise<void> {
    if (this.#isEnding) return this.closed
    this.#isEnding = true
    this.#wakeReader()
    await this.#outgoing.flushed()
    const socket = this.#socket
    socket.end()
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), this.#options.lingerMs)
    await this.closed
    clearTimeout(timer)
  }

  /** Cuts the connection off now. */
  destroy(reason?: string): void {
    this.#closeReason ??= reason
    this.#outgoing.close()
    this.#socket.destroy()
  }

  readonly #wakeReader = (): void => {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  readonly #onClose = (): void => {
    clearTimeout(this.#idleTimer)
    this.#outgoing.close()
    this.#wakeReader()
    this.#isClosed = true
    this.#resolveClosed?.()
  }

  #attach(socket: Socket): void {
    socket.on('readable', this.#wakeReader)
    socket.on('end', this.#wakeReader)
    socket.on('close', this.#onClose)
  }

  #detach(socket: Socket): void {
    socket.removeListener('readable', this.#wakeReader)
    socket.removeListener('end', this.#wakeReader)
    socket.removeListener('close', this.#onClose)
  }

  /** A client that is still taking output isn't idle; the stall clock watches it. */
  #onIdle(): void {
    if (this.#socket.destroyed) return
    if (this.#outgoing.pendingBytes > 0) {
      this.setIdleTimeout(this.#idleTimeoutMs)
      return
    }
    this.#closeReason ??= 'idle'
    this.#options.onIdle(this)
  }
}
