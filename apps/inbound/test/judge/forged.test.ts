// Authentication-Results that came with a message: ours go, whatever they look like; those of others stay (RFC 8601 §5).

import { arrivedHeader } from '@postern/smtp'
import { describe, expect, test } from 'vitest'
import { claimsToBe } from '../../src/judge/forged-results.js'
import { forged } from '../../src/text/arrived-header.js'
import { hostname } from './given.js'

describe('taken for ours', () => {
  test.each([
    'mx.example.test; spf=pass',
    'mx.example.test;spf=pass',
    'mx.example.test',
    'mx.example.test ; none',
    'mx.example.test 1; spf=pass',
    'mx.example.test/1; spf=pass',
    'MX.Example.TEST; spf=pass',
    'mx.example.test.; spf=pass',
    '"mx.example.test"; spf=pass',
    '"mx.\\example.test"; spf=pass',
    '"MX.example.test" 1; spf=pass',
    '(hello) mx.example.test; spf=pass',
    '(a (nested) one) mx.example.test; spf=pass',
    '(with \\) in it) mx.example.test; spf=pass',
    '(with ; in it) mx.example.test; spf=pass',
    'mx.example.test (ours); spf=pass',
    'mx.example.test(ours);spf=pass',
    '\r\n mx.example.test;\r\n spf=pass',
    '\r\n\t(folded\r\n comment)\r\n\tmx.example.test;\r\n\tspf=pass',
    'mx.example.test spf=pass',
    'mx.example.test, spf=pass',
    '<mx.example.test>; spf=pass',
    "'mx.example.test'; spf=pass",
    '(never closed mx.example.test; spf=pass',
    '"never closed mx.example.test; spf=pass',
    '"" mx.example.test; spf=pass',
    '; mx.example.test; spf=pass',
    'mx.\0example.test; spf=pass',
    'i=1; mx.example.test; spf=pass',
  ])('%j', (value) => {
    expect(claimsToBe(hostname, value)).toBe(true)
  })

  test.each([
    'Authentication-Results: mx.example.test; spf=pass',
    'authentication-results: mx.example.test; spf=pass',
    'AUTHENTICATION-RESULTS:mx.example.test; spf=pass',
    'Authentication-Results : mx.example.test; spf=pass',
    'Authentication-Results\t:\r\n mx.example.test; spf=pass',
    'Return-Path: <forged@example.org>',
  ])('the field %j', (field) => {
    const header = arrivedHeader(Buffer.from(`Subject: a\r\n${field}\r\nTo: b\r\n\r\n`))
    expect(forged(header, hostname)).toMatchObject([{ start: 12, end: 12 + field.length + 2 }])
  })
})

describe("somebody else's", () => {
  test.each([
    'mx.example.org; spf=pass smtp.mailfrom=mx.example.test',
    'mx.example.test.example.org; spf=pass',
    'xmx.example.test; spf=pass',
    'smx.example.testing; dkim=pass',
    'example.test; spf=pass',
    'mx.example.org (not mx.example.test); spf=pass',
    'mx.example.org; dkim=pass (mx.example.test) header.d=mx.example.test',
    '',
    'mx.example.org',
  ])('%j', (value) => {
    expect(claimsToBe(hostname, value)).toBe(false)
  })
})

test('in time that grows with the field', () => {
  const began = performance.now()
  for (const value of [`${'.'.repeat(250_000)}x`, '('.repeat(250_000), '"'.repeat(250_000), '\\('.repeat(125_000)])
    claimsToBe(hostname, value)
  expect(performance.now() - began).toBeLessThan(2_000)
})
