// A client of the tests that says bytes and hears bytes, on either door: what it heard is looked at in pieces, each up to the
// words that were waited for.

import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'

const patienceMs = 10_000

export class Caller<S extends Socket = Socket> {
  readonly socket: S
  /** Resolves with all it heard when the connection is gone. */
  readonly closed: Promise<string>
  #text = ''
  #at = 0
  #look: () => void = () => {}

  static inClear(port: number): Caller {
    return new Caller(connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true }))
  }

  static byTls(port: number, options: ConnectionOptions = {}): Caller<TLSSocket> {
    return new Caller(connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }))
  }

  constructor(socket: S) {
    this.socket = socket
    socket.on('data', this.#hear)
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        resolve(this.#text)
        this.#look()
      })
    })
    onTestFinished(() => void socket.destroy())
  }

  say(text: string | Uint8Array): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
  }

  /** What has come since the last call, as soon as the words are in it. */
  async heard(words: string): Promise<string> {
    const until = performance.now() + patienceMs
    while (!this.#text.includes(words, this.#at)) {
      if (this.socket.closed || performance.now() > until)
        throw new Error(`${this.socket.closed ? 'closed' : 'too late'}, before ${words}: ${this.#text.slice(this.#at)}`)
      await this.#more()
    }
    const heard = this.#text.slice(this.#at)
    this.#at = this.#text.length
    return heard
  }

  /** Goes on encrypted over the same connection. */
  startTls(options: ConnectionOptions = {}): Caller<TLSSocket> {
    this.socket.off('data', this.#hear)
    return new Caller(connectTls({ socket: this.socket, rejectUnauthorized: false, ...options }))
  }

  readonly #hear = (bytes: Buffer): void => {
    this.#text += bytes.toString('latin1')
    this.#look()
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 100)
      this.#look = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
