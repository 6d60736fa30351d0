// What each refusal of the store is called in IMAP (RFC 5530 §3), and whose words the client reads. Refusals that commands find
// themselves are in their conversations.

import { type RefusalCode, StoreRefusal } from '@postern/mailbox-store'
import { expect, test } from 'vitest'
import { asImapError } from '../src/refusals.js'

const about = 'the words of the store'
const hidden = 'The server cannot do this now'

const table: Readonly<Record<RefusalCode, readonly [code: string, text: string]>> = {
  'no-such-mailbox': ['NONEXISTENT', about],
  'mailbox-exists': ['ALREADYEXISTS', about],
  'special-use-taken': ['USEATTR', about],
  'mailbox-name-invalid': ['CANNOT', about],
  'mailbox-protected': ['CANNOT', about],
  'merged-inbox': ['CANNOT', about],
  'not-permitted': ['NOPERM', about],
  'mailbox-limit': ['LIMIT', about],
  'uids-exhausted': ['LIMIT', about],
  'no-such-message': ['NONEXISTENT', about],
  'message-too-big': ['TOOBIG', about],
  'keyword-limit': ['LIMIT', about],
  'over-quota': ['OVERQUOTA', about],
  'sending-limit': ['LIMIT', about],
  'not-found': ['NONEXISTENT', about],
  exists: ['ALREADYEXISTS', about],
  invalid: ['CANNOT', about],
  'lease-lost': ['SERVERBUG', hidden],
  busy: ['INUSE', hidden],
  'disk-full': ['UNAVAILABLE', hidden],
  'read-only': ['UNAVAILABLE', hidden],
  'io-error': ['UNAVAILABLE', hidden],
  corrupt: ['CORRUPTION', hidden],
  'schema-newer': ['UNAVAILABLE', hidden],
  'schema-older': ['UNAVAILABLE', hidden],
  closed: ['UNAVAILABLE', hidden],
}

test.each(Object.entries(table))('%s', (refusal, [code, text]) => {
  expect(asImapError(new StoreRefusal(refusal as RefusalCode, about))).toMatchObject({
    kind: 'NO',
    code,
    message: text,
  })
})
