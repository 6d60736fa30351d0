// Every limit of a session by name. They are arguments; each has its answer.

export interface ImapLimits {
  /** RFC 9051 §5.4: a client that has not logged in by then is sent away. */
  readonly loginTimeoutMs: number
  /** RFC 9051 §5.4: at least 30 minutes. */
  readonly idleTimeoutMs: number
  /** Some networks forget a quiet connection after a few minutes; some clients take silence for the end. */
  readonly heartbeatMs: number
  /** Commands in a row that are no commands. */
  readonly badCommandsMax: number
  readonly messageBytesMax: number
  readonly writeBufferBytesMax: number
  readonly writeStallTimeoutMs: number
  readonly handshakeTimeoutMs: number
  readonly lingerMs: number
}

export const defaultImapLimits: ImapLimits = {
  loginTimeoutMs: 60_000,
  idleTimeoutMs: 1_860_000,
  heartbeatMs: 115_000,
  badCommandsMax: 10,
  messageBytesMax: 104_857_600,
  writeBufferBytesMax: 1_048_576,
  writeStallTimeoutMs: 120_000,
  handshakeTimeoutMs: 30_000,
  lingerMs: 2_000,
}
