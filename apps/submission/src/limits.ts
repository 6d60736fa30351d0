// Every limit of a session by name. They are arguments; each has its answer, which `limits.test.ts` and `dialogues/limits.txt`
// show. RFC 5321 §4.5.3.

export interface SubmissionLimits {
  /** Contract D2: by SIZE and by count; a credential, an inbox, a domain or a tenant may have its own. */
  readonly messageBytesMax: number
  readonly recipientsMax: number
  readonly sessionMsMax: number
  /** A client that has not logged in by then is sent away, whatever it says meanwhile. */
  readonly loginTimeoutMs: number
  /** RFC 5321 §4.5.3.2.7: at least 5 minutes. */
  readonly idleTimeoutMs: number
  /** Lines in a row that are no commands. */
  readonly badCommandsMax: number
  /** Refused logins in one session; the next one is not heard. */
  readonly wrongLoginsMax: number
  /** RFC 5321 §4.5.3.1.4, with air for parameters and for names in UTF-8. */
  readonly commandBytesMax: number
  /** RFC 4954 §4: 12288 at least. */
  readonly authBytesMax: number
  /** What is held of a line whose end doesn't come; then the connection ends. */
  readonly lineBytesMax: number
  /** Of a message that is too large so much more is read, so that the client hears the refusal; then the connection ends. */
  readonly overrunBytesMax: number
  readonly handshakeTimeoutMs: number
  /** For a balancer to send its PROXY header. */
  readonly proxyTimeoutMs: number
  readonly lingerMs: number
  /** Messages of which it is known that their 250 was heard; the oldest are forgotten first. */
  readonly heardAnswersMax: number
  /** A session whose login is taken back may finish what it's doing within this. */
  readonly endGraceMs: number
}

export const defaultSubmissionLimits: SubmissionLimits = {
  messageBytesMax: 10_485_760,
  recipientsMax: 50,
  sessionMsMax: 1_800_000,
  loginTimeoutMs: 60_000,
  idleTimeoutMs: 300_000,
  badCommandsMax: 10,
  wrongLoginsMax: 10,
  commandBytesMax: 4_096,
  authBytesMax: 12_288,
  lineBytesMax: 16_384,
  overrunBytesMax: 104_857_600,
  handshakeTimeoutMs: 30_000,
  proxyTimeoutMs: 5_000,
  lingerMs: 2_000,
  heardAnswersMax: 20_000,
  endGraceMs: 700,
}
