// What a client hears when something was thrown: a refusal's own words, or, for what the store refuses, those of one table over its
// closed list, which the compiler checks. What isn't named there is no answer to a client: it's logged, and the client tries later.

import { type RefusalCode, StoreRefusal } from '@postern/mailbox-store'
import { type Reply, SmtpError } from '@postern/smtp'
import { sendingLimitReply } from './policies/sending-room.js'

const tryLater = undefined

const replies: Readonly<Record<Exclude<RefusalCode, 'sending-limit'>, Reply | undefined>> = {
  'disk-full': '452 4.3.1 The server is out of room, try again later',
  'over-quota': "452 4.2.2 The sender's inbox is full: there is no room for the copy in Sent",
  'message-too-big': '552 5.3.4 The message is too large for this server',
  'not-found': "550 5.7.1 The sender's inbox is gone",
  'no-such-mailbox': tryLater,
  'mailbox-exists': tryLater,
  'special-use-taken': tryLater,
  'mailbox-name-invalid': tryLater,
  'mailbox-protected': tryLater,
  'merged-inbox': tryLater,
  'not-permitted': tryLater,
  'mailbox-limit': tryLater,
  'uids-exhausted': tryLater,
  'no-such-message': tryLater,
  'keyword-limit': tryLater,
  exists: tryLater,
  invalid: tryLater,
  'lease-lost': tryLater,
  busy: tryLater,
  'read-only': tryLater,
  'io-error': tryLater,
  corrupt: tryLater,
  'schema-newer': tryLater,
  'schema-older': tryLater,
  closed: tryLater,
}

/** Undefined where it's no answer to a client. */
export function replyTo(error: unknown): Reply | undefined {
  if (error instanceof SmtpError) return error.reply
  if (!(error instanceof StoreRefusal)) return undefined
  return error.code === 'sending-limit' ? sendingLimitReply(error.opensAt) : replies[error.code]
}
