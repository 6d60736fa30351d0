// Every limit of a session by name. They are arguments; each has its answer, which `limits.test.ts` shows.

import { defaultFramerLimits, defaultParserLimits, type FramerLimits, type ParserLimits } from '@postern/imap-wire'

export interface ImapLimits {
  /** A client that has not logged in by then is sent away, whatever it says meanwhile. */
  readonly loginTimeoutMs: number
  /** RFC 9051 §5.4: at least 30 minutes. */
  readonly idleTimeoutMs: number
  /** Some networks forget a quiet connection after a few minutes; some clients take silence for the end. */
  readonly heartbeatMs: number
  /** Who waits for a long search is told so often that it goes on. */
  readonly progressMs: number
  /** Commands in a row that are no commands. */
  readonly badCommandsMax: number
  /** Sessions of one inbox, on all nodes that share their counters. */
  readonly sessionsPerInboxMax: number
  /** What is held of a command. */
  readonly input: FramerLimits
  /** Before the login, when the client may be anybody: room for a password, or for a token of an identity provider. */
  readonly inputBeforeLogin: FramerLimits
  readonly parser: ParserLimits
  readonly messageBytesMax: number
  /** Of one APPEND (RFC 3502). */
  readonly messagesPerAppendMax: number
  readonly writeBufferBytesMax: number
  readonly writeStallTimeoutMs: number
  readonly handshakeTimeoutMs: number
  /** For a balancer to send its PROXY header. */
  readonly proxyTimeoutMs: number
  readonly lingerMs: number
  /** Contract E3: so long a client's own copy of a message waits for its submission. */
  readonly submissionWaitMs: number
  /** A session whose login is taken back may finish what it's doing within this. */
  readonly endGraceMs: number
}

export const defaultImapLimits: ImapLimits = {
  loginTimeoutMs: 60_000,
  idleTimeoutMs: 1_860_000,
  heartbeatMs: 115_000,
  progressMs: 10_000,
  badCommandsMax: 10,
  sessionsPerInboxMax: 50,
  input: defaultFramerLimits,
  inputBeforeLogin: {
    lineBytesMax: 16_384,
    commandBytesMax: 32_768,
    literalBytesMax: 16_384,
    skipBytesMax: 1_048_576,
  },
  parser: defaultParserLimits,
  messageBytesMax: 104_857_600,
  messagesPerAppendMax: 1_000,
  writeBufferBytesMax: 1_048_576,
  writeStallTimeoutMs: 120_000,
  handshakeTimeoutMs: 30_000,
  proxyTimeoutMs: 5_000,
  lingerMs: 2_000,
  submissionWaitMs: 10_000,
  endGraceMs: 700,
}
