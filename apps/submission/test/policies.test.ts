// What MAIL and RCPT are judged by: a row for each thing that can be wrong, and what is heard where two are.

import { firstRefusal } from '@postern/smtp'
import { expect, test } from 'vitest'
import { type MailCase, mailPolicies, senderOf } from '../src/policies/mail-policies.js'
import { type RcptCase, rcptPolicies } from '../src/policies/rcpt-policies.js'

const mail: MailCase = {
  scopes: ['smtp'],
  sender: 'ada@example.org',
  covered: true,
  ownAddress: undefined,
  smtpUtf8: false,
  sizeBytes: 1000,
  bytesMax: 1000,
  requireTls: false,
  keepsRequireTls: false,
  room: { fits: true },
}
const opensAt = Date.UTC(2026, 0, 2, 3, 4, 5, 6)

test.each<[string, Partial<MailCase>, string | undefined]>([
  ['nothing wrong', {}, undefined],
  ['a token', { scopes: undefined }, undefined],
  ['another scope', { scopes: ['imap'] }, '550 5.7.1 This login may not send mail'],
  [
    'somebody else',
    { sender: 'ceo@bank.test', covered: false },
    '553 5.7.1 Sender not authorized: this login may not send as ceo@bank.test',
  ],
  ['somebody else, rewritten', { covered: false, ownAddress: 'ada@example.org' }, undefined],
  ['the null reverse-path', { sender: '', covered: false }, undefined],
  ['no SIZE', { sizeBytes: undefined }, undefined],
  ['too large', { sizeBytes: 1001 }, '552 5.3.4 The message is larger than 1000 bytes, which is the most taken here'],
  ['not ASCII', { sender: 'ädä@example.org' }, '550 5.6.7 The address is not ASCII: send with SMTPUTF8'],
  ['not ASCII with SMTPUTF8', { sender: 'ädä@example.org', smtpUtf8: true }, undefined],
  ['REQUIRETLS on a route that keeps it', { requireTls: true, keepsRequireTls: true }, undefined],
  [
    'REQUIRETLS on another',
    { requireTls: true },
    '550 5.7.30 REQUIRETLS support required: the route of this mail does not keep it',
  ],
  [
    'no room now',
    { room: { fits: false, opensAt } },
    '450 4.7.1 The sending limit is reached; it opens again at 2026-01-02T03:04:06Z',
  ],
  [
    'no room ever',
    { room: { fits: false, opensAt: undefined } },
    '550 5.7.1 The message has more recipients than the sending limit ever leaves room for',
  ],
  [
    'somebody else and too large',
    { covered: false, sizeBytes: 1001 },
    '553 5.7.1 Sender not authorized: this login may not send as ada@example.org',
  ],
  [
    'too large and no room',
    { sizeBytes: 1001, room: { fits: false, opensAt } },
    '552 5.3.4 The message is larger than 1000 bytes, which is the most taken here',
  ],
])('MAIL: %s', (_, changed, reply) => {
  expect(firstRefusal(mailPolicies, { ...mail, ...changed })).toBe(reply)
})

test.each<[Partial<MailCase>, string]>([
  [{}, 'ada@example.org'],
  [{ sender: '' }, ''],
  [{ sender: '', covered: false, ownAddress: 'own@example.org' }, ''],
  [{ sender: 'x@bank.test', covered: false, ownAddress: 'own@example.org' }, 'own@example.org'],
  [{ covered: true, ownAddress: 'own@example.org' }, 'ada@example.org'],
])('the reverse-path of %j', (changed, sender) => {
  expect(senderOf({ ...mail, ...changed })).toBe(sender)
})

const rcpt: RcptCase = {
  recipient: 'bob@example.net',
  destination: 'remote',
  standing: 49,
  recipientsMax: 50,
  smtpUtf8: false,
  room: { fits: true },
}

test.each<[string, Partial<RcptCase>, string | undefined]>([
  ['the fiftieth', {}, undefined],
  ['an inbox', { destination: 'inbox' }, undefined],
  ['the fifty-first', { standing: 50 }, '452 4.5.3 A message has at most 50 recipients here'],
  [
    'the fifty-first, unknown',
    { standing: 50, destination: 'unknown' },
    '452 4.5.3 A message has at most 50 recipients here',
  ],
  ['unknown', { destination: 'unknown' }, '550 5.1.1 There is no inbox bob@example.net'],
  ['disabled', { destination: 'disabled' }, '550 5.2.1 The inbox bob@example.net is disabled'],
  ['a sink', { destination: 'sink' }, undefined],
  [
    'no sink',
    { destination: 'no-sink' },
    '550 5.2.1 The domain of bob@example.net keeps no mail, and has nowhere to hand it to',
  ],
  [
    'no route',
    { destination: 'no-route' },
    '550 5.4.4 Mail cannot leave here yet: set POSTERN_ROUTE, or a route for the domain or the inbox',
  ],
  ['not ASCII', { recipient: 'ä@example.net' }, '553 5.6.7 The address is not ASCII: send with SMTPUTF8'],
  ['not ASCII with SMTPUTF8', { recipient: 'ä@example.net', smtpUtf8: true }, undefined],
  [
    'no room now',
    { room: { fits: false, opensAt } },
    '450 4.7.1 The sending limit is reached; it opens again at 2026-01-02T03:04:06Z',
  ],
])('RCPT: %s', (_, changed, reply) => {
  expect(firstRefusal(rcptPolicies, { ...rcpt, ...changed })).toBe(reply)
})
