// Bytes in, in any slices; commands out. The framer knows lines, literals and limits, and nothing of the grammar (RFC 9051 §2.2,
// §4.3, RFC 7888, RFC 3516 §4.4). Its owner pulls frames until there are none and only then reads on from the network, so that
// no more is held than one read, the lines and literals of one command, and nothing of a literal that is streamed.
//
// At a `literal` the owner decides: `hold` it in memory, `stream` it as chunks, or `refuse` it. Then, for a synchronising one, it
// sends the continuation, or the tagged answer. Bytes that were pushed belong to the framer: frames are views of them.
import type { Command, LiteralPiece, Piece } from './command.js'
import { DroppedCommand, withoutCr } from './dropped-command.js'
import { HeldBytes } from './held-bytes.js'
import { ImapError } from './imap-error.js'
import { defaultFramerLimits, type FramerLimits } from './limits.js'
import { LineWeight } from './line-weight.js'
import { literalMark } from './literal-mark.js'

export type Frame =
  /** A whole command, or a line that is none: DONE, a step of AUTHENTICATE, a blank one. */
  | { readonly kind: 'command'; readonly command: Command }
  /** The last piece of what has come so far is announced; nothing more comes before the owner has decided. */
  | { readonly kind: 'literal'; readonly command: Command; readonly literal: LiteralPiece }
  /** The next bytes of a streamed literal; an empty literal is one empty chunk. */
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array; readonly isLast: boolean }
  /** What follows up to the end of the command is dropped. BYE: there's no telling where that is; nothing more comes. */
  | { readonly kind: 'fault'; readonly error: ImapError; readonly start: Uint8Array }

type State = 'line' | 'announced' | 'holding' | 'streaming' | 'dropping' | 'closed'

const LF = 0x0a
const NUL = 0
/** Of a command that is dropped, this much is shown: enough for its tag. */
const startBytesMax = 128
const empty: Uint8Array = new Uint8Array(0)

export class Framer {
  /** May be replaced between commands: a session that has logged in is trusted with more. */
  limits: FramerLimits
  readonly #unread: Uint8Array[] = []
  #unreadAt = 0
  #chunk = empty
  #at = 0
  #state: State = 'line'
  #pieces: Piece[] = []
  readonly #held = new HeldBytes()
  readonly #weight = new LineWeight()
  #commandBytes = 0
  #literalBytes = 0
  /** Of the literal that is held or streamed. */
  #left = 0
  #dropped: DroppedCommand | undefined
  #fault: Frame | undefined

  constructor(limits: FramerLimits = defaultFramerLimits) {
    this.limits = limits
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    if (this.#at === this.#chunk.length && this.#unreadAt === this.#unread.length) {
      this.#chunk = bytes
      this.#at = 0
    } else this.#unread.push(bytes)
  }

  /** Undefined: more bytes are needed, or a decision. */
  next(): Frame | undefined {
    for (;;) {
      const fault = this.#fault
      if (fault !== undefined) {
        this.#fault = undefined
        return fault
      }
      if (this.#state === 'announced' || this.#state === 'closed') return undefined
      if (this.#state === 'streaming' && this.#left === 0) return this.#streamed(empty)
      if (this.#at === this.#chunk.length && !this.#nextChunk()) return undefined
      const frame = this.#step()
      if (frame !== undefined) return frame
    }
  }

  /** The announced literal is to be part of the command. Throws what the client shall read where it's too large. */
  hold(): void {
    const { size } = this.#announced()
    if (this.#literalBytes + size > this.limits.literalBytesMax) {
      this.refuse()
      throw new ImapError('BAD', 'Literal too large', { code: 'LIMIT' })
    }
    this.#literalBytes += size
    this.#left = size
    this.#state = 'holding'
    if (size === 0) this.#holdWhole(empty)
  }

  /** The announced literal comes as chunks, each as it arrives. */
  stream(): void {
    this.#left = this.#announced().size
    this.#state = 'streaming'
  }

  /** The owner answers the command now. A client that didn't wait sends the literal all the same: it's dropped, and the line after it. */
  refuse(): void {
    const { size, synchronising } = this.#announced()
    if (synchronising) this.#beginCommand()
    else this.#drop((dropped) => dropped.literal(size))
  }

  /**
   * What has come behind the last command, a line's beginning included: to be thrown away after STARTTLS, so that nothing sent in
   * the clear is read as if it were sent under TLS; to be unpacked after COMPRESS.
   */
  takeRest(): Uint8Array {
    const rest = new HeldBytes()
    rest.push(this.#held.take())
    do rest.push(this.#chunk.subarray(this.#at))
    while (this.#nextChunk())
    this.#chunk = empty
    this.#at = 0
    this.#weight.reset()
    return rest.take()
  }

  /** Bytes in memory: a bound on them follows from the limits and the size of one read. */
  get heldBytes(): number {
    let bytes = this.#commandBytes + this.#literalBytes + this.#held.length + this.#chunk.length - this.#at
    for (const chunk of this.#unread) bytes += chunk.length
    return bytes
  }

  #nextChunk(): boolean {
    const chunk = this.#unread[this.#unreadAt]
    if (chunk === undefined) {
      this.#unread.length = 0
      this.#unreadAt = 0
      // What is read through isn't kept: an idle session has no bytes.
      this.#chunk = empty
      this.#at = 0
      return false
    }
    this.#unread[this.#unreadAt++] = empty
    this.#chunk = chunk
    this.#at = 0
    return true
  }

  #step(): Frame | undefined {
    switch (this.#state) {
      case 'line':
        return this.#line()
      case 'holding':
        return this.#holdMore()
      case 'streaming':
        return this.#streamed(this.#read())
      case 'dropping':
        this.#at = this.#dropped!.read(this.#chunk, this.#at)
        this.#droppedMore()
        return undefined
      default:
        return undefined
    }
  }

  /** What has come of the literal. */
  #read(): Uint8Array {
    const bytes = this.#chunk.subarray(this.#at, this.#at + this.#left)
    this.#at += bytes.length
    this.#left -= bytes.length
    return bytes
  }

  #line(): Frame | undefined {
    const end = this.#chunk.indexOf(LF, this.#at)
    if (end < 0) {
      this.#held.push(this.#chunk.subarray(this.#at))
      this.#at = this.#chunk.length
      const line = this.#held.bytes
      return this.#isTooLong(line, line.length - 1) ? this.#dropUnfinishedLine(line) : undefined
    }
    const rest = this.#chunk.subarray(this.#at, end)
    this.#at = end + 1
    if (this.#held.length === 0) return this.#lineEnded(rest)
    this.#held.push(rest)
    return this.#lineEnded(this.#held.take())
  }

  #lineEnded(raw: Uint8Array): Frame | undefined {
    const line = withoutCr(raw)
    if (this.#isTooLong(line, line.length)) return this.#dropLine(raw, tooLong())
    this.#weight.reset()
    if (line.includes(NUL)) return this.#dropLine(raw, new ImapError('BAD', 'NUL in a command'))
    this.#commandBytes += line.length
    const mark = literalMark(line)
    if (mark === undefined) {
      this.#pieces.push({ kind: 'line', bytes: line })
      const command = { pieces: this.#pieces }
      this.#beginCommand()
      return { kind: 'command', command }
    }
    const { size, binary, synchronising } = mark
    const literal: LiteralPiece = { kind: 'literal', size, binary, synchronising, bytes: undefined }
    this.#pieces.push({ kind: 'line', bytes: line.subarray(0, mark.start) }, literal)
    this.#state = 'announced'
    return { kind: 'literal', command: { pieces: this.#pieces }, literal }
  }

  #isTooLong(line: Uint8Array, length: number): boolean {
    if (this.#commandBytes + length > this.limits.commandBytesMax) return true
    return this.#weight.isTooMuch(line, length, this.limits)
  }

  #beginCommand(): void {
    this.#pieces = []
    this.#commandBytes = 0
    this.#literalBytes = 0
    this.#dropped = undefined
    this.#state = 'line'
  }

  #announced(): LiteralPiece {
    const literal = this.#pieces.at(-1)
    if (this.#state !== 'announced' || literal?.kind !== 'literal') throw new Error('no literal is announced')
    return literal
  }

  #holdMore(): undefined {
    const bytes = this.#read()
    if (this.#left === 0 && this.#held.length === 0) this.#holdWhole(bytes)
    else {
      this.#held.push(bytes)
      if (this.#left === 0) this.#holdWhole(this.#held.take())
    }
  }

  #holdWhole(bytes: Uint8Array): void {
    this.#pieces[this.#pieces.length - 1] = { ...(this.#pieces.at(-1) as LiteralPiece), bytes }
    this.#state = 'line'
  }

  #streamed(bytes: Uint8Array): Frame {
    const isLast = this.#left === 0
    if (isLast) this.#state = 'line'
    return { kind: 'chunk', bytes, isLast }
  }

  /** The beginning of the command, in views that are cut to the same length however it came in. */
  #start(line: Uint8Array): Uint8Array {
    const first = this.#pieces[0]?.bytes ?? withoutCr(line)
    return first.subarray(0, Math.min(startBytesMax, this.limits.lineBytesMax, this.limits.commandBytesMax))
  }

  #dropUnfinishedLine(line: Uint8Array): Frame {
    const fault: Frame = { kind: 'fault', error: tooLong(), start: this.#start(line) }
    this.#held.take()
    this.#drop((dropped) => dropped.addToLine(line))
    return fault
  }

  #dropLine(raw: Uint8Array, error: ImapError): Frame {
    const fault: Frame = { kind: 'fault', error, start: this.#start(raw) }
    this.#drop((dropped) => {
      dropped.addToLine(raw)
      dropped.endLine()
    })
    return fault
  }

  /** `begin` tells what of the rest has been seen already, or is known to come. */
  #drop(begin: (dropped: DroppedCommand) => void): void {
    this.#weight.reset()
    this.#beginCommand()
    this.#dropped = new DroppedCommand(this.limits.skipBytesMax)
    begin(this.#dropped)
    this.#state = 'dropping'
    this.#droppedMore()
  }

  #droppedMore(): void {
    const state = this.#dropped?.state
    if (state === 'ended') this.#beginCommand()
    else if (state === 'endless') this.#close()
  }

  #close(): void {
    this.#beginCommand()
    this.#state = 'closed'
    this.#chunk = empty
    this.#at = 0
    this.#unread.length = 0
    this.#unreadAt = 0
    const error = new ImapError('BYE', 'Too much data outside of a command', { code: 'LIMIT' })
    this.#fault = { kind: 'fault', error, start: empty }
  }
}

function tooLong(): ImapError {
  return new ImapError('BAD', 'Command line too long', { code: 'LIMIT' })
}
