// The way in: frames one after another, read from the network only when the last ones are worked off. It knows what the
// framer is waiting for, so that a command that breaks off in the middle of its literals can be passed over.

import { type Frame, Framer, type FramerLimits, ImapError } from '@postern/imap-wire'
import type { Connection } from '@postern/service'

/** The client went away in the middle of something. Nobody is left to be told. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

/** The first byte of a ClientHello (RFC 8446 §5.1), and of no command. */
const tlsHandshake = 0x16
const wrongPort: Frame = {
  kind: 'fault',
  error: new ImapError('BYE', 'This port begins without TLS: use STARTTLS here, or another port for SSL/TLS'),
  start: new Uint8Array(0),
}

export class Input {
  readonly #framer: Framer
  readonly #connection: Connection
  #state: 'between' | 'announced' | 'streaming' | 'streamed' = 'between'
  #next: Promise<Frame | undefined> | undefined
  #peeked: Frame | undefined
  #hasRead = false

  constructor(connection: Connection, limits: FramerLimits) {
    this.#connection = connection
    this.#framer = new Framer(limits)
  }

  /** Those of a session that has logged in are wider. */
  set limits(limits: FramerLimits) {
    this.#framer.limits = limits
  }

  /**
   * Nothing is being worked off: what the session writes now stands between two answers, or in IDLE. Not so where a message
   * is on its way: it's taken to its end, and answered.
   */
  get isWaiting(): boolean {
    return this.#next !== undefined && this.#state === 'between'
  }

  /** A message is on its way, and the client owes more of it. */
  get isStreaming(): boolean {
    return this.#next !== undefined && !this.isWaiting
  }

  /** The next frame, where it has come already; it stays the next. To be asked between two commands only. */
  peek(): Frame | undefined {
    if (this.#next !== undefined) return undefined
    this.#peeked ??= this.#framer.next()
    return this.#peeked
  }

  /** Nothing need be waited for: the next command, or something in its place, has come. */
  get hasNext(): boolean {
    return this.#state === 'between' && this.peek() !== undefined
  }

  /** The frame that was looked at is taken. */
  takePeeked(): void {
    this.#peeked = undefined
  }

  /** Undefined when the client is gone. A frame that nobody took, as after IDLE broke off, is the next one. */
  next(): Promise<Frame | undefined> {
    if (this.#next !== undefined) return this.#next
    const frame = this.#there()
    if (frame !== undefined) return Promise.resolve(frame)
    this.#next = this.#arriving()
    return this.#next
  }

  /** One that has come already. */
  #there(): Frame | undefined {
    const frame = this.#peeked ?? this.#framer.next()
    this.#peeked = undefined
    if (frame === undefined) return undefined
    if (frame.kind === 'literal') this.#state = 'announced'
    else if (frame.kind !== 'chunk') this.#state = 'between'
    else if (frame.isLast) this.#state = 'streamed'
    return frame
  }

  async #arriving(): Promise<Frame | undefined> {
    try {
      for (;;) {
        const bytes = await this.#connection.read()
        if (bytes === undefined) return undefined
        if (!this.#hasRead && bytes[0] === tlsHandshake && this.#connection.tls === undefined) return wrongPort
        this.#hasRead = true
        this.#framer.push(bytes)
        const frame = this.#there()
        if (frame !== undefined) return frame
      }
    } finally {
      this.#next = undefined
    }
  }

  /** The announced literal becomes a part of its command. */
  hold(): void {
    this.#state = 'between'
    this.#framer.hold()
  }

  /** The announced literal comes in pieces, each read when the one before it has been taken. */
  stream(): AsyncGenerator<Uint8Array> {
    this.#state = 'streaming'
    this.#framer.stream()
    return this.#chunks()
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    while (this.#state === 'streaming') {
      const frame = await this.next()
      if (frame?.kind !== 'chunk') throw new ClientGone()
      if (frame.bytes.length > 0) yield frame.bytes
    }
  }

  /** The command is answered already, and more of it is to come. */
  get isInCommand(): boolean {
    return this.#state !== 'between'
  }

  /** What is still to come of it is passed over, literals and all. */
  async passOver(): Promise<void> {
    for await (const _ of this.#chunks());
    if (this.#state === 'streamed' && (await this.next()) === undefined) throw new ClientGone()
    if (this.#state === 'announced') {
      this.#state = 'between'
      this.#framer.refuse()
    }
  }

  /** What came in clear behind STARTTLS is thrown away. */
  dropRest(): void {
    this.#peeked = undefined
    this.#framer.takeRest()
  }
}
