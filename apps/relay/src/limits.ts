/**
 * How long and how much the ways out bear. RFC 5321 §4.5.3.2 asks a client to wait minutes for a reply; a deadline over the
 * whole transaction holds beside it, so that a server that sends a byte a second keeps no connection for ever.
 */
export interface TransportLimits {
  /** For a TCP connection to one address. */
  readonly connectTimeoutMs: number
  /** For greeting, EHLO, TLS and login together. */
  readonly setUpTimeoutMs: number
  /** For silence of the other side while a reply is due, or while it takes no bytes. */
  readonly replyTimeoutMs: number
  /** For one message, from MAIL to the reply behind its last byte, or for one request of an API. */
  readonly transactionTimeoutMs: number
  /** Of one reply, all its lines together, or of one answer of an API. */
  readonly replyBytesMax: number
  /** How long a connection with nothing to send is kept. */
  readonly idleTimeoutMs: number
  readonly messagesPerConnectionMax: number
  /** To one smart host, or to one domain. */
  readonly connectionsMax: number
  /** RFC 5321 §4.5.3.1.8: every server takes a hundred; one that says fewer in LIMITS (RFC 9422) gets fewer. */
  readonly recipientsPerTransactionMax: number
  /** Addresses of one domain that are tried for one message. */
  readonly hostsMax: number
}

export const transportLimits: TransportLimits = {
  connectTimeoutMs: 30_000,
  setUpTimeoutMs: 120_000,
  replyTimeoutMs: 300_000,
  transactionTimeoutMs: 900_000,
  replyBytesMax: 65_536,
  idleTimeoutMs: 10_000,
  messagesPerConnectionMax: 200,
  connectionsMax: 10,
  recipientsPerTransactionMax: 100,
  hostsMax: 6,
}
