// What stands on top of a message about who it's from, read back: RFC 8601 §2.2 and its examples in Appendix B.

import { describe, expect, test } from 'vitest'
import { authenticationResults } from '../src/index.js'

const read = (value: string, server = 'mx.example.test') =>
  authenticationResults(Buffer.from(`Authentication-Results: ${value}\r\nSubject: x\r\n\r\n`), server)?.map(
    ({ method, result, comment, properties }) => [
      `${method}=${result}`,
      ...(comment === undefined ? [] : [`(${comment})`]),
      ...Array.from(properties, ([name, text]) => `${name}=${text}`),
    ],
  )

describe('of that server', () => {
  test.each<[string, string, string[][]]>([
    [
      'what ours writes',
      'mx.example.test;\r\n spf=pass smtp.mailfrom=carol@example.org;\r\n dkim=fail (body hash did not verify) header.d=example.org header.s=s1 header.a=rsa-sha256;\r\n dmarc=fail (p=reject dis=spam) header.from=example.org;\r\n x-rspamd=add-header (score 7.5)',
      [
        ['spf=pass', 'smtp.mailfrom=carol@example.org'],
        ['dkim=fail', '(body hash did not verify)', 'header.d=example.org', 'header.s=s1', 'header.a=rsa-sha256'],
        ['dmarc=fail', '(p=reject dis=spam)', 'header.from=example.org'],
        ['x-rspamd=add-header', '(score 7.5)'],
      ],
    ],
    ['nothing was looked for', 'mx.example.test 1; none', []],
    ['the name in other letters', 'MX.Example.TEST; SPF=Pass', [['spf=pass']]],
    [
      'a value in quotes, with what would be an end',
      'mx.example.test; spf=pass smtp.mailfrom="a;b c=d\\"e"@example.org',
      [['spf=pass', 'smtp.mailfrom=a;b c=d"e@example.org']],
    ],
    [
      'a comment with what would be an end',
      'mx.example.test; dkim=pass (good; really=yes) header.d=example.org',
      [['dkim=pass', '(good; really=yes)', 'header.d=example.org']],
    ],
    ['a part that is no result', 'mx.example.test; ; spf; dkim=none', [['dkim=none']]],
    ['what is left open', 'mx.example.test; spf=pass smtp.mailfrom="open', [['spf=pass', 'smtp.mailfrom="open']]],
  ])('%s', (_, value, results) => {
    expect(read(value)).toEqual(results)
  })

  test('the first of several, wherever others stand', () => {
    const header = ['other.example; spf=fail', 'mx.example.test; spf=pass', 'mx.example.test; spf=none']
      .map((value) => `Authentication-Results: ${value}\r\n`)
      .join('')
    expect(authenticationResults(Buffer.from(header), 'mx.example.test')).toMatchObject([{ result: 'pass' }])
  })
})

test.each(['other.example; spf=pass', 'xmx.example.test; spf=pass', '', ';', 'spf=pass'])(
  'of no such server: %s',
  (value) => {
    expect(read(value)).toBeUndefined()
  },
)

test('in time that grows with the field', () => {
  for (const filler of ['(', '"', '\\', ';', ' ', '()', '""', 'a=b ']) {
    const value = `mx.example.test; spf=pass ${filler.repeat(200_000 / filler.length)}`
    const began = performance.now()
    expect(read(value)?.[0]?.[0]).toBe('spf=pass')
    expect(performance.now() - began).toBeLessThan(1_000)
  }
})
