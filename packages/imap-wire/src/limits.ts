// How much of a client's bytes is held and looked at. A client may be anybody: each length, count and depth is a bound on
// memory and on work. All are arguments, and a session may hand in narrower ones before the login. RFC 9051 §4, RFC 7888 §9.

export interface FramerLimits {
  /** Bytes of one line, not counting those that id lists consist of. */
  readonly lineBytesMax: number
  /** Bytes of all lines of one command, id lists and all: `UID FETCH 1,3,5,…` is long, and honest clients send it. */
  readonly commandBytesMax: number
  /** Bytes of all literals of one command that are held in memory. What is streamed to a sink doesn't count. */
  readonly literalBytesMax: number
  /** Bytes of a refused literal that are read and dropped to find the next command; a larger one ends the connection. */
  readonly skipBytesMax: number
}

export const defaultFramerLimits: FramerLimits = {
  lineBytesMax: 65_536,
  commandBytesMax: 1_048_576,
  literalBytesMax: 1_048_576,
  skipBytesMax: 67_108_864,
}

export interface ParserLimits {
  /** Parentheses, NOTs and ORs inside each other. */
  readonly depthMax: number
  /** Members of one list, and search keys of one program. */
  readonly keysMax: number
  /** Ranges of one sequence set, as they were sent. */
  readonly rangesMax: number
}

export const defaultParserLimits: ParserLimits = { depthMax: 100, keysMax: 1000, rangesMax: 250_000 }

/** RFC 9051 §9 "number", "nz-number", "uniqueid". */
export const number32Max = 0xffff_ffff
