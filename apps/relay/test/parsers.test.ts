// What strangers' servers say, read by itself: DNS answers, SMTP replies and EHLO lists, MTA-STS policies, whatever the bytes.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isName, type RecordType, readAnswer, writeQuestion } from '../src/direct/dns-message.js'
import { policyNames, readPolicy } from '../src/direct/mta-sts.js'
import { takeApart } from '../src/resend/take-apart.js'
import { Offers } from '../src/smtp/offers.js'
import { oneLine, parseReply } from '../src/smtp/reply.js'

describe('DNS answers', () => {
  const types: readonly RecordType[] = ['A', 'AAAA', 'MX', 'TXT', 'TLSA']
  const question = writeQuestion({ id: 7, type: 'MX', name: 'example.org', isExtended: true })

  it('of any bytes are read or passed over', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...types), (bytes, type) => {
        readAnswer(Buffer.from(bytes), { id: 7, question, type })
      }),
    )
  })

  it('with any records behind the right question are read or passed over', () => {
    const head = Buffer.from(question)
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(3, 6)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...types), (bytes, type) => {
        readAnswer(Buffer.concat([head.subarray(0, 29), bytes]), { id: 7, question, type })
      }),
    )
  })

  it('whose names go round in circles are passed over', () => {
    const head = Buffer.from(question.subarray(0, 29))
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(1, 6)
    const loop = Buffer.from([0xc0, 29])
    expect(readAnswer(Buffer.concat([head, loop]), { id: 7, question, type: 'MX' })).toBeUndefined()
  })

  it('to another question are passed over', () => {
    const other = writeQuestion({ id: 7, type: 'MX', name: 'example.net', isExtended: true })
    other.writeUInt16BE(0x8180, 2)
    expect(readAnswer(other, { id: 7, question, type: 'MX' })).toBeUndefined()
    const late = Buffer.from(question)
    late.writeUInt16BE(0x8180, 2)
    expect(readAnswer(late, { id: 8, question, type: 'MX' })).toBeUndefined()
    expect(readAnswer(late, { id: 7, question, type: 'MX' })).toMatchObject({ records: [] })
  })

  it.each([
    ['example.org', true],
    ['_25._tcp.mx.example.org', true],
    ['', false],
    ['.', false],
    [`${'x'.repeat(64)}.org`, false],
    ['a b.org', false],
    ['münchen.example', false],
    [`${'x.'.repeat(127)}org`, false],
  ])('are asked for %s: %s', (name, is) => expect(isName(name)).toBe(is))
})

describe('SMTP replies', () => {
  it.each([
    ['250 Ok', { code: '250', status: undefined, text: 'Ok' }],
    ['250', { code: '250', status: undefined, text: '' }],
    ['550 5.1.1 <you@example.org>: nobody', { code: '550', status: '5.1.1', text: '<you@example.org>: nobody' }],
    ['550-5.7.1 One\n550-5.7.1  two\n550 5.7.1 three', { code: '550', status: '5.7.1', text: 'One two three' }],
    ['550-One\r\n550 two', { code: '550', status: undefined, text: 'One two' }],
    ['450 5.1.1 Mixed up', { code: '450', status: undefined, text: '5.1.1 Mixed up' }],
    ['550 5.1.1', { code: '550', status: '5.1.1', text: '' }],
    ['554 5.7.1\u0007bell\u202e', { code: '554', status: undefined, text: '5.7.1 bell' }],
    ['2500 Ok', undefined],
    ['Ok', undefined],
    ['150 One', undefined],
  ])('%j', (reply, expected) => expect(parseReply(reply)).toEqual(expected))

  it('come out on one line of bounded length', () => {
    expect(oneLine('x'.repeat(10_000))).toHaveLength(501)
    fc.assert(fc.property(fc.string(), (text) => !/[\r\n]/.test(oneLine(text))))
  })
})

it.each([
  [['SIZE 100', '8BITMIME'], 100, undefined],
  [['size=200'], 200, undefined],
  [['SIZE 0', 'LIMITS RCPTMAX=5 MAILMAX=3'], undefined, 5],
  [['SIZE', 'LIMITS MAILMAX=3'], undefined, undefined],
  [['SIZE lots', 'LIMITS RCPTMAX=0'], undefined, undefined],
])('an EHLO list: %j', (lines, size, recipients) => {
  const offers = new Offers(lines)
  expect([offers.sizeMax, offers.recipientsMax]).toEqual([size, recipients])
})

describe('MTA-STS policies', () => {
  const whole = 'version: STSv1\nmode: enforce\nmx: mx.example.org\nmx: *.example.net\nmax_age: 86400\n'
  it('are read', () => {
    expect(readPolicy(whole)).toEqual({
      mode: 'enforce',
      hosts: ['mx.example.org', '*.example.net'],
      maxAgeMs: 86_400_000,
    })
  })

  it.each([
    ['version: STSv1', 'version: STSv2'],
    ['mode: enforce', 'mode: maybe'],
    ['max_age: 86400', 'max_age: -1'],
    ['max_age: 86400', 'max_age: soon'],
    ['max_age: 86400', 'max_age: 99999999'],
    ['max_age: 86400', ''],
    ['mx: mx.example.org\nmx: *.example.net\n', ''],
  ])('without %j count for nothing', (from, to) => expect(readPolicy(whole.replace(from, to))).toBeUndefined())

  it('are read at once whatever stands in them', () => {
    const began = performance.now()
    for (const line of [
      `mx:${' '.repeat(65_000)}a\u2028x`,
      `mx:x${' '.repeat(65_000)}x`,
      ' '.repeat(65_000),
      ':'.repeat(65_000),
    ])
      expect(readPolicy(`${whole}${line}\n`)?.mode).toBe('enforce')
    expect(performance.now() - began).toBeLessThan(1_000)
  })

  it.each([
    ['mx.example.org', true],
    ['MX.Example.ORG', true],
    ['a.example.net', true],
    ['a.b.example.net', false],
    ['example.net', false],
    ['.example.net', false],
    ['evilexample.net', false],
    ['mx.example.org.evil.test', false],
  ])('name %s: %s', (host, is) => expect(policyNames(readPolicy(whole)!, host)).toBe(is))
})

it('any bytes at all are taken apart for Resend, or refused with a reason', () => {
  const lines = fc.constantFrom(
    ...['From: a@example.test', 'To: b@example.test', 'Content-Type: multipart/mixed; boundary=b', '--b', '--b--', ''],
    ...[
      'Content-Type: text/html',
      'Content-Transfer-Encoding: base64',
      'Subject: =?utf-8?q?x?=',
      'Content-ID: <x>',
      'eA==',
    ],
    ...['Content-Disposition: attachment; filename="a"', 'Content-Type: message/rfc822', ' folded', '\u00fc', 'X: 1'],
  )
  fc.assert(
    fc.property(fc.array(lines, { maxLength: 20 }), (message) => {
      try {
        takeApart(Buffer.from(message.join('\r\n')))
      } catch (error) {
        expect(error).toMatchObject({ name: 'NotCarried' })
      }
    }),
  )
})
