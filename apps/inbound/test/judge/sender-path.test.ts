// SPF through a real name server: RFC 7208 §4.6, §5, and what is asked where the answer doesn't come.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { unmapped } from '../../src/judge/sender-path.js'
import { type Court, court, toldBy } from './given.js'

const message = 'From: carol@example.org\r\n\r\nAt four?\r\n'

let it: Court
beforeAll(async () => {
  it = await court({ timeoutMs: 1_500 })
})
beforeEach(() => {
  it.names.trouble.clear()
  it.names.zone.clear()
  it.names.questions.length = 0
})
afterAll(() => it.names.close())

const zone = (records: Readonly<Record<string, readonly string[]>>): void => {
  for (const [key, values] of Object.entries(records)) it.names.zone.set(key, values)
}
const spfOf = async (how: Parameters<Court['judge']>[1] = {}): Promise<string> =>
  toldBy(await it.judge(message, how)).find((line) => line.startsWith('spf=')) ?? ''

const own = (record: string) => ({ 'TXT example.org': [record] })
const chain = (length: number) =>
  Object.fromEntries(
    Array.from({ length }, (_, i) => [`TXT i${i}.example.net`, [`v=spf1 include:i${i + 1}.example.net ?all`]]),
  )

describe('what a domain says of who may send for it', () => {
  test.each([
    ['its address', own('v=spf1 ip4:192.0.2.7 -all'), 'pass'],
    ['its network', own('v=spf1 ip4:192.0.2.0/24 -all'), 'pass'],
    ['its host', { ...own('v=spf1 a:mail.example.org -all'), 'A mail.example.org': ['192.0.2.7'] }, 'pass'],
    [
      'its mail host',
      { ...own('v=spf1 mx -all'), 'MX example.org': ['10 mail.example.org'], 'A mail.example.org': ['192.0.2.7'] },
      'pass',
    ],
    ['another address', own('v=spf1 ip4:192.0.2.8 -all'), 'fail'],
    ['another address, softly', own('v=spf1 ip4:192.0.2.8 ~all'), 'softfail'],
    ['nothing for sure', own('v=spf1 ?all'), 'neutral'],
    ['nothing', {}, 'none'],
    ['two things', { 'TXT example.org': ['v=spf1 -all', 'v=spf1 +all'] }, 'permerror'],
    ['nonsense', own('v=spf1 nonsense:1 -all'), 'permerror'],
    [
      'what another says',
      { ...own('v=spf1 include:example.net -all'), 'TXT example.net': ['v=spf1 ip4:192.0.2.7 -all'] },
      'pass',
    ],
    [
      'what another says instead',
      { ...own('v=spf1 redirect=example.net'), 'TXT example.net': ['v=spf1 -all'] },
      'fail',
    ],
    ['what nobody says', own('v=spf1 include:gone.example.net -all'), 'permerror'],
    ['itself', own('v=spf1 include:example.org -all'), 'permerror'],
    [
      'round in a circle',
      { ...own('v=spf1 include:example.net -all'), 'TXT example.net': ['v=spf1 include:example.org -all'] },
      'permerror',
    ],
    ['over and over', { ...own('v=spf1 include:i0.example.net -all'), ...chain(20) }, 'permerror'],
    [
      'hosts that are not there',
      own('v=spf1 a:a.example.net a:b.example.net a:c.example.net a:d.example.net -all'),
      'permerror',
    ],
    [
      'its name by the address',
      { ...own('v=spf1 exists:%{i}._spf.example.org -all'), 'A 192.0.2.7._spf.example.org': ['127.0.0.2'] },
      'pass',
    ],
  ])('%s', async (_, records, result) => {
    zone(records)
    expect(await spfOf()).toBe(`spf=${result} smtp.mailfrom=carol@example.org`)
    expect(it.names.questions.length).toBeLessThan(20)
  })

  test('a hard fail alone refuses nothing', async () => {
    zone(own('v=spf1 -all'))
    expect((await it.judge(message)).action).toBe('accept')
  })
})

describe('who is asked about', () => {
  test.each([
    ['the client, where there is no sender', { sender: '' }, 'spf=pass smtp.helo=mail.example.org'],
    [
      'nobody, where the client gave an address for a name',
      { sender: '', helo: '[192.0.2.7]' },
      'spf=none smtp.helo="[192.0.2.7]"',
    ],
    [
      'an IPv4 address written as IPv6',
      { clientAddress: '::ffff:192.0.2.7' },
      'spf=pass smtp.mailfrom=carol@example.org',
    ],
    ['the same in hexadecimal', { clientAddress: '::ffff:c000:0207' }, 'spf=pass smtp.mailfrom=carol@example.org'],
    ['an IPv6 address', { clientAddress: '2001:db8::7' }, 'spf=pass smtp.mailfrom=carol@example.org'],
    ['another IPv6 address', { clientAddress: '2001:db9::7' }, 'spf=fail smtp.mailfrom=carol@example.org'],
    ['a name in letters', { sender: 'carol@bücher.example' }, 'spf=pass smtp.mailfrom="carol@bücher.example"'],
    ['a quoted name', { sender: '"a b"@example.org' }, 'spf=pass smtp.mailfrom="\\"a b\\"@example.org"'],
    ['nobody, where another server has asked', { via: 'lmtp' as const }, ''],
    ['nobody, where only who hands it on is known', { via: 'ingest' as const }, ''],
    ['nobody, where the client is not known', { clientAddress: undefined }, ''],
  ])('%s', async (_, how, told) => {
    zone({
      ...own('v=spf1 ip4:192.0.2.7 ip6:2001:db8::/32 -all'),
      'TXT mail.example.org': ['v=spf1 ip4:192.0.2.7 -all'],
      'TXT xn--bcher-kva.example': ['v=spf1 ip4:192.0.2.7 -all'],
    })
    expect(await spfOf(how)).toBe(told)
  })

  test('what only looks like a mapped address is left alone', () => {
    expect(unmapped('2001:db8::ffff:c000:207')).toBe('2001:db8::ffff:c000:207')
    expect(unmapped('0:0:0:0:0:ffff:192.0.2.7')).toBe('192.0.2.7')
    expect(unmapped('192.0.2.7')).toBe('192.0.2.7')
  })
})

describe('name servers that are no help', () => {
  test.each(['SERVFAIL', 'garbage', 'dead'] as const)('%s: no answer is not taken for a no', async (trouble) => {
    zone(own('v=spf1 include:example.net -all'))
    it.names.trouble.set('TXT example.net', trouble)
    expect(await spfOf()).toBe('spf=temperror smtp.mailfrom=carol@example.org')
  })

  test.each(['SERVFAIL', 'garbage', 'dead'] as const)(
    'all %s: the message is taken within the time for it',
    async (trouble) => {
      it.names.trouble.set('*', trouble)
      const before = performance.now()
      const verdict = await it.judge(message)
      expect(performance.now() - before).toBeLessThan(8_000)
      expect(toldBy(verdict)).toEqual([
        'spf=temperror smtp.mailfrom=carol@example.org',
        'dkim=none',
        'dmarc=temperror header.from=example.org',
      ])
      expect(verdict.action).toBe('accept')
    },
  )
})
