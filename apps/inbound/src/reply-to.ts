// What another server hears when something was thrown: a refusal's own words, or, for what the store refuses, those of one table over
// its closed list, which the compiler checks. What isn't named there is no answer to anybody: it's logged, and the sender tries later.

import { type RefusalCode, StoreRefusal } from '@postern/mailbox-store'
import { type Reply, SmtpError } from '@postern/smtp'

const tryLater = undefined
const outOfRoom: Reply = '452 4.3.1 The server is out of room, try again later'

const replies: Readonly<Record<RefusalCode, Reply | undefined>> = {
  'disk-full': outOfRoom,
  'message-too-big': '552 5.3.4 The message is too large for this server',
  'over-quota': tryLater,
  'sending-limit': tryLater,
  'not-found': tryLater,
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

/** Undefined where it's no answer to anybody. */
export function replyTo(error: unknown): Reply | undefined {
  if (error instanceof SmtpError) return error.reply
  if (error instanceof StoreRefusal) return replies[error.code]
  // The file of a message on its way in.
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC' ? outOfRoom : undefined
}
