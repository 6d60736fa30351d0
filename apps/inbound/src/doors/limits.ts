// Every limit of a session with another mail server by name. They are arguments; each has its answer, which the tests show. RFC 5321 §4.5.3.

export interface InboundLimits {
  /** By SIZE and by count: 552 5.3.4. */
  readonly messageBytesMax: number
  /** 452 4.5.3. RFC 5321 §4.5.3.1.8: 100 at least. */
  readonly recipientsMax: number
  readonly sessionMsMax: number
  /** RFC 5321 §4.5.3.2.7: at least 5 minutes. */
  readonly idleTimeoutMs: number
  /** Lines in a row that are no commands. */
  readonly badCommandsMax: number
  /** RFC 5321 §4.5.3.1.4, with air for parameters and for names in UTF-8. */
  readonly commandBytesMax: number
  /** What is held of a line whose end doesn't come; then the connection ends. */
  readonly lineBytesMax: number
  /** Of a message that is too large so much more is read, so that the client hears the refusal; then the connection ends. */
  readonly overrunBytesMax: number
  readonly handshakeTimeoutMs: number
  /** For a balancer to send its PROXY header. */
  readonly proxyTimeoutMs: number
  readonly lingerMs: number
  readonly endGraceMs: number
  /** What stays in memory of a message while it's judged; the rest goes to a file. */
  readonly heldBytesMax: number
  /** Memory for messages that may not touch the disk, all together. */
  readonly memoryBytesMax: number
}

export const defaultInboundLimits: InboundLimits = {
  messageBytesMax: 52_428_800,
  recipientsMax: 100,
  sessionMsMax: 1_800_000,
  idleTimeoutMs: 300_000,
  badCommandsMax: 10,
  commandBytesMax: 4_096,
  lineBytesMax: 16_384,
  overrunBytesMax: 104_857_600,
  handshakeTimeoutMs: 30_000,
  proxyTimeoutMs: 5_000,
  lingerMs: 2_000,
  endGraceMs: 700,
  heldBytesMax: 262_144,
  memoryBytesMax: 268_435_456,
}
