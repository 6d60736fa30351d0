// A place in a command: on one of its lines, with the literals between them reached from a line's end. All that reading consists
// of (look at a character, take a run of a class) is here; what it means is in the rules on top. Every failure of any rule is a
// BAD that says what was expected where.
import { classesOf } from './characters.js'
import type { Command, LiteralPiece } from './command.js'
import { ImapError } from './imap-error.js'
import { latin1 } from './latin1.js'

/** A refusal may repeat a word of the client's, and that may be anything. */
const refusalLengthMax = 100

export class Cursor {
  readonly #pieces: Command['pieces']
  #piece = 0
  /** The line, one character per octet. */
  protected line: string
  protected at = 0

  constructor(command: Command) {
    this.#pieces = command.pieces
    this.line = this.#lineAt(0)
  }

  #lineAt(index: number): string {
    const piece = this.#pieces[index]
    return piece?.kind === 'line' ? latin1(piece.bytes) : ''
  }

  /** Goes on behind a literal after more of the command has come in. */
  resume(): void {
    if (this.line === '') this.line = this.#lineAt(this.#piece)
  }

  fail(expected: string): never {
    const literals = this.#piece / 2
    const behind = literals === 0 ? '' : ` after literal ${literals}`
    throw new ImapError('BAD', `${expected} expected at ${this.at + 1}${behind}`)
  }

  /** For what is well formed and yet can't be: `Unknown search key FOO`. */
  refuse(text: string): never {
    throw new ImapError('BAD', text.length > refusalLengthMax ? `${text.slice(0, refusalLengthMax)}...` : text)
  }

  /** The code of the character here, or NaN at the end of the line. */
  peek(): number {
    return this.line.charCodeAt(this.at)
  }

  isAt(characters: string): boolean {
    return this.line.startsWith(characters, this.at)
  }

  tryTake(character: string): boolean {
    if (this.line[this.at] !== character) return false
    this.at++
    return true
  }

  take(character: string): void {
    if (!this.tryTake(character)) this.fail(character === ' ' ? 'SP' : `"${character}"`)
  }

  sp(): void {
    if (this.line.charCodeAt(this.at) !== 0x20) this.fail('SP')
    this.at++
  }

  /** SP, and that something follows it: the optional arguments of a command. */
  trySp(): boolean {
    if (this.peek() !== 0x20 || this.isAtEnd()) return false
    this.at++
    return true
  }

  /** The characters here that belong to a class; maybe none. */
  protected run(bit: number): string {
    const start = this.at
    const { line } = this
    let at = start
    while (at < line.length && (classesOf[line.charCodeAt(at)]! & bit) !== 0) at++
    this.at = at
    return line.slice(start, at)
  }

  /** 1*char of a class. */
  protected run1(bit: number, expected: string): string {
    const run = this.run(bit)
    return run === '' ? this.fail(expected) : run
  }

  /** The literal that begins here; the cursor stands behind it then. */
  protected tryLiteral(): LiteralPiece | undefined {
    if (this.at !== this.line.length) return undefined
    const piece = this.#pieces[this.#piece + 1]
    if (piece?.kind !== 'literal') return undefined
    this.#piece += 2
    this.line = this.#lineAt(this.#piece)
    this.at = 0
    return piece
  }

  /** A literal is announced here and hasn't come: what it's to be is about to be decided. */
  isAtAnnouncement(): boolean {
    const next = this.#pieces[this.#piece + 1]
    return this.at === this.line.length && next?.kind === 'literal' && next.bytes === undefined
  }

  /** Nothing is left. Spaces are let pass, since real clients leave some behind a command. */
  isAtEnd(): boolean {
    if (this.#pieces[this.#piece + 1] !== undefined) return false
    for (let at = this.at; at < this.line.length; at++) if (this.line.charCodeAt(at) !== 0x20) return false
    return true
  }

  end(): void {
    if (!this.isAtEnd()) this.fail('End of command')
  }
}
