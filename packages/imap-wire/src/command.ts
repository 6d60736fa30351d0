// One command as the framer hands it over: what stood on its lines and the literals between them, in turn. A line is without
// its end and without the `{n}` that announced the literal behind it. RFC 9051 §2.2.1 and §4.3.

export interface LinePiece {
  readonly kind: 'line'
  readonly bytes: Uint8Array
}

export interface LiteralPiece {
  readonly kind: 'literal'
  readonly size: number
  /** `~{n}`: it may contain NUL (RFC 3516 §7). */
  readonly binary: boolean
  /** The client waits for a continuation; it doesn't behind `{n+}` (RFC 7888 §4). */
  readonly synchronising: boolean
  /** Missing while it's only announced, and for good where it was streamed to a sink. */
  readonly bytes: Uint8Array | undefined
}

export type Piece = LinePiece | LiteralPiece

export interface Command {
  /** Begins with a line. Grows while the command comes in, so that a parser can go on behind a literal. */
  readonly pieces: readonly Piece[]
}

/** A command that is one line, as tests and AUTHENTICATE have it. */
export function commandOfLine(bytes: Uint8Array): Command {
  return { pieces: [{ kind: 'line', bytes }] }
}
