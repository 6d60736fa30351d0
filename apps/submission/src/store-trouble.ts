// What the store refuses, in SMTP's words: one table over the closed list, which the compiler checks. What isn't named is no
// answer to a client: it's logged, and the client tries again later.

import { type RefusalCode, StoreRefusal } from '@postern/mailbox-store'
import type { Reply } from './reply.js'

const tryLater = undefined

const replies: Readonly<Record<RefusalCode, Reply | undefined>> = {
  'disk-full': '452 4.3.1 The server is out of room, try again later',
  'over-quota': "452 4.2.2 The sender's inbox is full: there is no room for the copy in Sent",
  'message-too-big': '552 5.3.4 The message is too large for this server',
  'sending-limit': tryLater,
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
export function storeTrouble(error: unknown): Reply | undefined {
  return error instanceof StoreRefusal ? replies[error.code] : undefined
}
