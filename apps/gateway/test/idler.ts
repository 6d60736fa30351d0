// A mail client that only ever waits for news, and comes back when it's sent away or cut off: it reads what it doesn't have yet, goes
// into IDLE, and so on. Light, so that a test can have hundreds. It knows when it has seen what, and how long it was away.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'

export interface IdlerOptions {
  readonly port: number
  readonly ca: Buffer
  readonly user: string
  readonly password: string
}

/** Before it comes back, the first time and at most; a little more or less, as people's programs do. */
const backMs = { first: 100, most: 1_000 } as const

export class Idler {
  /** When it saw each uid, of `performance.now()`. */
  readonly seen = new Map<number, number>()
  /** For each time that it was away: how long. */
  readonly away: number[] = []
  /** How it was sent away. */
  readonly goodbyes: string[] = []
  /** What went wrong that shouldn't. */
  readonly troubles: string[] = []
  isIdle = false
  readonly #options: IdlerOptions
  #last = 0
  #lostAtMs: number | undefined
  #isOver = false
  #socket: TLSSocket | undefined
  #text = ''
  #wake: () => void = () => {}

  constructor(options: IdlerOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    for (let waitMs: number = backMs.first; !this.#isOver; waitMs = Math.min(backMs.most, waitMs * 2)) {
      const wasIn = await this.#session()
      if (wasIn) waitMs = backMs.first
      if (!this.#isOver) await sleep(waitMs * (0.5 + Math.random()))
    }
  }

  end(): void {
    this.#isOver = true
    this.#socket?.destroy()
  }

  /** Whether it got as far as IDLE. */
  async #session(): Promise<boolean> {
    const { port, ca, user, password } = this.#options
    this.#text = ''
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' })
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#text += text
      this.#wake()
    })
    socket.on('error', () => undefined).on('close', () => this.#wake())
    let wasIn = false
    try {
      await this.#until(/^\* OK /)
      await this.#say(`l LOGIN ${user} ${password}`, /^l OK /m)
      await this.#say('s SELECT INBOX', /^s OK /m)
      for (;;) {
        await this.#readNew()
        await this.#say('i IDLE', /^\+ /m)
        this.#nowIdle()
        wasIn = true
        await this.#until(/^\* \d+ EXISTS/m)
        await this.#say('DONE', /^i OK /m)
      }
    } catch (error) {
      if (!(error instanceof Lost)) this.troubles.push(String(error))
      return wasIn
    } finally {
      this.#lost()
      socket.destroy()
      if (!socket.closed) await once(socket, 'close')
    }
  }

  /** Again where it's told behind the answer that more has come meanwhile: nobody will say so another time. */
  async #readNew(): Promise<void> {
    for (let isMore = true; isMore; ) {
      const answer = await this.#say(`f UID FETCH ${this.#last + 1}:* (UID)`, /^f OK /m)
      const atMs = performance.now()
      for (const [, text] of answer.matchAll(/^\* \d+ FETCH \(UID (\d+)\)/gm)) {
        const uid = Number(text)
        if (!this.seen.has(uid)) this.seen.set(uid, atMs)
        this.#last = Math.max(this.#last, uid)
      }
      isMore = /^\* \d+ EXISTS/m.test(answer)
    }
  }

  #nowIdle(): void {
    this.isIdle = true
    if (this.#lostAtMs !== undefined) this.away.push(performance.now() - this.#lostAtMs)
    this.#lostAtMs = undefined
  }

  #lost(): void {
    this.isIdle = false
    this.#lostAtMs ??= performance.now()
    const goodbye = /^\* BYE ([^\r]*)/m.exec(this.#text)?.[1]
    if (goodbye !== undefined) this.goodbyes.push(goodbye)
  }

  #say(line: string, until: RegExp): Promise<string> {
    this.#text = ''
    this.#socket?.write(`${line}\r\n`)
    return this.#until(until)
  }

  async #until(found: RegExp): Promise<string> {
    while (!found.test(this.#text)) {
      if (this.#socket?.destroyed !== false || this.#text.includes('* BYE ')) throw new Lost()
      const refused = /^\w (?:NO|BAD) [^\r]*/m.exec(this.#text)
      if (refused !== null) throw new Error(refused[0])
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#text
  }
}

class Lost extends Error {}
