// What is asked of a real name server, and what of it only once. RFC 2308, RFC 9520.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { KeptAnswers } from '../../src/judge/kept-answers.js'
import { nameLookups } from '../../src/judge/name-lookups.js'
import { court } from './given.js'
import { type NameServer, nameServer } from './name-server.js'

let names: NameServer
let nowMs = 0
beforeEach(async () => {
  names = await nameServer()
  nowMs = 0
})
afterEach(() => names.close())

const lookups = (kept = {}) => nameLookups({ servers: [names.server], timeoutMs: 5_000, kept, elapsedMs: () => nowMs })

describe('asked once', () => {
  test('by a hundred messages, together or one after the other', async () => {
    names.zone.set('TXT example.org', ['v=spf1 -all'])
    const some = lookups()
    const together = Array.from({ length: 50 }, () => some.forMessage()('example.org', 'TXT'))
    for (const answer of await Promise.all(together)) expect(answer).toEqual([['v=spf1 -all']])
    for (let n = 0; n < 50; n++) expect(await some.forMessage()('EXAMPLE.org', 'TXT')).toEqual([['v=spf1 -all']])
    expect(names.questions).toEqual(['TXT example.org'])
  })

  test('whoever changes an answer changes it for nobody else', async () => {
    names.zone.set('TXT example.org', ['v=spf1 -all'])
    const some = lookups()
    const first = (await some.forMessage()('example.org', 'TXT')) as string[][]
    first[0]?.push('changed')
    first.push(['added'])
    expect(await some.forMessage()('example.org', 'TXT')).toEqual([['v=spf1 -all']])
  })

  test('by messages that are judged: the second asks for nothing', async () => {
    const judge = await court({ names: lookups() })
    names.zone.set('TXT example.org', ['v=spf1 a mx ip4:192.0.2.7 -all'])
    names.zone.set('A example.org', ['192.0.2.9'])
    names.zone.set('MX example.org', ['10 mail.example.org'])
    names.zone.set('A mail.example.org', ['192.0.2.8'])
    names.zone.set('TXT _dmarc.example.org', ['v=DMARC1; p=reject'])
    const message = 'From: carol@example.org\r\nSubject: x\r\n\r\nhello\r\n'
    const [first, asked] = [await judge.judge(message), names.questions.length]
    expect(asked).toBeGreaterThan(3)
    expect((await judge.judge(message)).authenticationResults).toBe(first.authenticationResults)
    expect(names.questions).toHaveLength(asked)
    expect(first.authenticationResults).toContain('spf=pass')
    judge.names.close()
  })
})

describe('asked again', () => {
  test('addresses when their time is over, other records after a minute', async () => {
    names.zone.set('A mail.example.org', ['192.0.2.1'])
    names.zone.set('TXT example.org', ['one'])
    names.ttlS = 20
    const ask = lookups()
    const both = () => Promise.all([ask.forMessage()('mail.example.org', 'A'), ask.forMessage()('example.org', 'TXT')])
    expect(await both()).toEqual([['192.0.2.1'], [['one']]])
    names.zone.set('A mail.example.org', ['192.0.2.2'])
    names.zone.set('TXT example.org', ['two'])
    nowMs = 19_999
    expect(await both()).toEqual([['192.0.2.1'], [['one']]])
    nowMs = 20_000
    expect(await both()).toEqual([['192.0.2.2'], [['one']]])
    nowMs = 60_000
    expect(await both()).toEqual([['192.0.2.2'], [['two']]])
  })

  test('at once, where an address has no time to live', async () => {
    names.zone.set('A mail.example.org', ['192.0.2.1'])
    names.ttlS = 0
    const ask = lookups()
    await ask.forMessage()('mail.example.org', 'A')
    await ask.forMessage()('mail.example.org', 'A')
    expect(names.questions).toHaveLength(2)
  })

  test('after five minutes at most', async () => {
    names.zone.set('AAAA mail.example.org', ['2001:db8:0:0:0:0:0:1'])
    names.ttlS = 86_400
    const ask = lookups()
    for (const at of [0, 299_999, 300_000]) {
      nowMs = at
      expect(await ask.forMessage()('mail.example.org', 'AAAA')).toEqual(['2001:db8::1'])
    }
    expect(names.questions).toHaveLength(2)
  })

  test('half a minute after there was nothing', async () => {
    const ask = lookups()
    const none = () => ask.forMessage()('_dmarc.example.org', 'TXT')
    for (const at of [0, 29_999]) {
      nowMs = at
      await expect(none()).rejects.toMatchObject({ code: 'ENOTFOUND' })
    }
    expect(names.questions).toHaveLength(1)
    names.zone.set('TXT _dmarc.example.org', ['v=DMARC1; p=none'])
    nowMs = 30_000
    expect(await none()).toEqual([['v=DMARC1; p=none']])
  })

  test('a second after nobody answered', async () => {
    names.trouble.set('*', 'SERVFAIL')
    const ask = lookups()
    const asked = async (at: number): Promise<number> => {
      nowMs = at
      await expect(ask.forMessage()('example.org', 'TXT')).rejects.toMatchObject({ code: 'ETIMEOUT' })
      return names.questions.length
    }
    const first = await asked(0)
    expect(await asked(999)).toBe(first)
    expect(await asked(1_000)).toBeGreaterThan(first)
    names.trouble.clear()
    names.zone.set('TXT example.org', ['there'])
    nowMs = 2_000
    expect(await ask.forMessage()('example.org', 'TXT')).toEqual([['there']])
  })
})

test('what is kept is bounded, in names and in bytes, and the oldest goes first', async () => {
  const limits = { entriesMax: 100, bytesMax: 50_000, keptMsMax: 1e6, unknownTtlMs: 1e6, noneMs: 1e6, failureMs: 1e6 }
  const kept = new KeptAnswers({ limits, elapsedMs: () => 0, isNone: () => true })
  let asked = 0
  const get = (name: string, text: string) =>
    kept.get(name, async () => {
      asked++
      return { records: [[text]] }
    })
  for (let n = 0; n < 500; n++) await get(`n${n}`, 'short')
  const bytes = kept.bytes
  expect(bytes).toBeLessThan(limits.bytesMax)
  await get('n499', '')
  expect(asked).toBe(500)
  await get('n0', 'short')
  expect(asked).toBe(501)
  for (let n = 0; n < 20; n++) await get(`large${n}`, 'x'.repeat(10_000))
  expect(kept.bytes).toBeLessThanOrEqual(limits.bytesMax)
  await get('large19', '')
  expect(asked).toBe(521)
})
