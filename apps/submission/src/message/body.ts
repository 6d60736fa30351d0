// What comes behind the header, seen once more for whether it's 8-bit.
import { isAscii } from 'node:buffer'
import type { Intake } from './intake.js'

export class Body {
  eightBit = false
  private readonly intake: Intake
  private rest: Buffer | undefined

  /** @param rest what came along with the header */
  constructor(intake: Intake, rest: Buffer) {
    this.intake = intake
    this.rest = rest.length > 0 ? rest : undefined
  }

  async next(): Promise<Buffer | undefined> {
    const piece = this.rest ?? (await this.intake.next())
    this.rest = undefined
    if (piece !== undefined && !this.eightBit) this.eightBit = !isAscii(piece)
    return piece
  }

  async *behind(header: Buffer): AsyncGenerator<Buffer> {
    yield header
    for (let piece = await this.next(); piece !== undefined; piece = await this.next()) yield piece
  }
}
