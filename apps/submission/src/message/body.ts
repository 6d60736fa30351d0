// What comes behind the header, seen once more for whether it's 8-bit, and with its long lines broken where mail is mended.

import { isAscii } from 'node:buffer'
import type { Intake } from '@postern/smtp'
import type { LineWrap } from './line-wrap.js'

export class Body {
  eightBit = false
  readonly #intake: Intake
  readonly #wrap: LineWrap | undefined
  #rest: Buffer | undefined
  #ended = false

  /** @param rest what came along with the header */
  constructor(intake: Intake, { rest, wrap }: { readonly rest: Buffer; readonly wrap: LineWrap | undefined }) {
    this.#intake = intake
    this.#rest = rest.length > 0 ? rest : undefined
    this.#wrap = wrap
  }

  async next(): Promise<Buffer | undefined> {
    const piece = this.#wrap === undefined ? await this.#read() : await this.#wrapped(this.#wrap)
    if (piece !== undefined && !this.eightBit) this.eightBit = !isAscii(piece)
    return piece
  }

  async #read(): Promise<Buffer | undefined> {
    const piece = this.#rest ?? (await this.#intake.next())
    this.#rest = undefined
    return piece
  }

  async #wrapped(wrap: LineWrap): Promise<Buffer | undefined> {
    while (!this.#ended) {
      const piece = await this.#read()
      this.#ended = piece === undefined
      const out = piece === undefined ? wrap.end() : wrap.take(piece)
      if (out.length > 0) return out
    }
    return undefined
  }

  async *behind(header: Buffer): AsyncGenerator<Buffer> {
    yield header
    for (let piece = await this.next(); piece !== undefined; piece = await this.next()) yield piece
  }
}
