// What the store refuses, in IMAP's words: one table over the closed list, which the compiler checks. RFC 5530 §3.

import { ImapError, type PlainCode } from '@postern/imap-wire'
import { type RefusalCode, StoreRefusal } from '@postern/mailbox-store'

const codes: Readonly<Record<RefusalCode, PlainCode | undefined>> = {
  'no-such-mailbox': 'NONEXISTENT',
  'mailbox-exists': 'ALREADYEXISTS',
  'special-use-taken': 'USEATTR',
  'mailbox-name-invalid': 'CANNOT',
  'mailbox-protected': 'CANNOT',
  'merged-inbox': 'CANNOT',
  'not-permitted': 'NOPERM',
  'mailbox-limit': 'LIMIT',
  'uids-exhausted': 'LIMIT',
  'no-such-message': 'NONEXISTENT',
  'message-too-big': 'TOOBIG',
  'keyword-limit': 'LIMIT',
  'over-quota': 'OVERQUOTA',
  'sending-limit': 'LIMIT',
  'not-found': 'NONEXISTENT',
  exists: 'ALREADYEXISTS',
  invalid: 'CANNOT',
  'lease-lost': 'SERVERBUG',
  busy: 'INUSE',
  'disk-full': 'UNAVAILABLE',
  'read-only': 'UNAVAILABLE',
  'io-error': 'UNAVAILABLE',
  corrupt: 'CORRUPTION',
  'schema-newer': 'UNAVAILABLE',
  'schema-older': 'UNAVAILABLE',
  closed: 'UNAVAILABLE',
}

/** What the client shall read of a refusal. A sentence about this machine's disk is not for it. */
export function asImapError(refusal: StoreRefusal): ImapError {
  const code = codes[refusal.code]
  const isOurs = code === 'UNAVAILABLE' || code === 'SERVERBUG' || code === 'CORRUPTION' || code === 'INUSE'
  const text = isOurs ? 'The server cannot do this now' : refusal.message
  return new ImapError('NO', text, code === undefined ? {} : { code })
}

/** For APPEND, COPY and MOVE: the client may create the mailbox and try again (RFC 9051 §6.3.12). */
export async function orTryCreate<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    if (error instanceof StoreRefusal && error.code === 'no-such-mailbox') throw tryCreate()
    throw error
  }
}

export const tryCreate = (): ImapError => new ImapError('NO', 'There is no such mailbox', { code: 'TRYCREATE' })
