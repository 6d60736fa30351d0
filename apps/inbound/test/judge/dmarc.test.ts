// DMARC and ARC through a real name server: who is aligned with whom, what was published, what a recipient's domain lets happen.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { authorDomainsMax } from '../../src/judge/authors.js'
import { type Court, court, keyPair, sealed, signed, toldBy } from './given.js'

const key = keyPair('rsa')
const other = keyPair('rsa')
const body = 'To: ada@example.test\r\nSubject: Tea\r\n\r\nAt four?\r\n'
const from = (value: string): string => `From: ${value}\r\n${body}`
const trusted = new Set(['lists.example.net'])

let it: Court
let trusting: Court
beforeAll(async () => {
  it = await court()
  trusting = await court({ trustedSealers: trusted })
})
beforeEach(() => {
  for (const { names } of [it, trusting]) {
    names.trouble.clear()
    names.zone.clear()
    for (const domain of ['example.org', 'mail.example.org', 'example.net', 'lists.example.net', 'evil.example.com'])
      names.zone.set(`TXT r1._domainkey.${domain}`, [key.record])
    names.zone.set('TXT _dmarc.example.org', ['v=DMARC1; p=reject; sp=quarantine'])
    names.zone.set('TXT example.com', ['v=spf1 ip4:192.0.2.7 -all'])
    names.zone.set('TXT mail.example.org', ['v=spf1 ip4:192.0.2.7 -all'])
    names.zone.set('TXT example.org', ['v=spf1 ip4:192.0.2.7 -all'])
  }
})
afterAll(() => {
  it.names.close()
  trusting.names.close()
})

const by = (domain: string, text: string): Promise<string> => signed(text, { domain, selector: 'r1', pair: key })
const dmarcOf = (verdict: Awaited<ReturnType<Court['judge']>>): string =>
  toldBy(verdict).find((line) => line.startsWith('dmarc=')) ?? ''

const elsewhere = { sender: 'bounces@example.com' }

describe('who a message may be from', () => {
  type Row = readonly [string, string, readonly string[], () => Promise<string> | string, object?]
  const rows: readonly Row[] = [
    ['SPF for the same domain', 'pass', [], () => from('carol@example.org')],
    ['SPF for a domain below', 'pass', [], () => from('carol@example.org'), { sender: 'a@mail.example.org' }],
    ['SPF for another domain', 'fail', [], () => from('carol@example.org'), elsewhere],
    ['DKIM of the same domain', 'pass', [], () => by('example.org', from('carol@example.org')), elsewhere],
    ['DKIM of a domain below', 'pass', [], () => by('mail.example.org', from('carol@example.org')), elsewhere],
    ['DKIM of the domain above', 'pass', [], () => by('example.org', from('carol@mail.example.org')), elsewhere],
    ['DKIM of another domain', 'fail', [], () => by('example.net', from('carol@example.org')), elsewhere],
    [
      'strictly, DKIM of the same domain',
      'pass',
      ['adkim=s'],
      () => by('example.org', from('carol@example.org')),
      elsewhere,
    ],
    [
      'strictly, DKIM of a domain below',
      'fail',
      ['adkim=s'],
      () => by('mail.example.org', from('carol@example.org')),
      elsewhere,
    ],
    ['strictly, SPF for the same domain', 'pass', ['aspf=s'], () => from('carol@example.org')],
    [
      'strictly, SPF for a domain below',
      'fail',
      ['aspf=s'],
      () => from('carol@example.org'),
      { sender: 'a@mail.example.org' },
    ],
  ]
  test.each(rows.map(([name, result, tags, make, how]) => ({ name, result, tags, make, how })))(
    '$name: $result',
    async ({ result, tags, make, how = {} }) => {
      it.names.zone.set('TXT _dmarc.example.org', [['v=DMARC1; p=reject', ...tags].join('; ')])
      const verdict = await it.judge(await make(), how)
      expect(dmarcOf(verdict)).toContain(`dmarc=${result} (p=reject`)
      expect(verdict.action).toBe(result === 'pass' ? 'accept' : 'refuse')
    },
  )

  test.each([
    ['an address in the name', '"security@example.org" <x@evil.example.com>', 'evil.example.com', 'accept'],
    ['two authors, one of them forged', 'x@evil.example.com, carol@example.org', 'example.org', 'refuse'],
    ['two authors, the other way round', 'carol@example.org, x@evil.example.com', 'example.org', 'refuse'],
    ['a group', 'We: carol@example.org;', 'example.org', 'refuse'],
    ['a comment', 'carol(hello)@example.org', 'example.org', 'refuse'],
    ['capitals and a dot behind', 'Carol <CAROL@EXAMPLE.ORG.>', 'example.org', 'refuse'],
    ['a broken bracket', 'Carol <carol@example.org', 'example.org', 'refuse'],
    ['an encoded name', '=?utf-8?q?Carol?= <carol@example.org>', 'example.org', 'refuse'],
    ['folded', 'Carol\r\n <carol@example.org>', 'example.org', 'refuse'],
  ])('%s', async (_, value, domain, action) => {
    const verdict = await it.judge(from(value), elsewhere)
    expect(dmarcOf(verdict)).toContain(`header.from=${domain}`)
    expect(verdict.action).toBe(action)
  })

  test('a second From field', async () => {
    const text = await by('evil.example.com', from('x@evil.example.com'))
    const verdict = await it.judge(`From: carol@example.org\r\n${text}`, elsewhere)
    expect(dmarcOf(verdict)).toContain('dmarc=fail (p=reject dis=refuse) header.from=example.org')
  })

  test('a From that mail programs read and mailauth is not shown', async () => {
    const verdict = await it.judge(from(`${'x'.repeat(5_000)} <carol@example.org>`), elsewhere)
    expect(dmarcOf(verdict)).toContain('dmarc=fail (p=reject dis=refuse) header.from=example.org')
  })

  test('more authors than are looked at: nobody vouches for them', async () => {
    const many = Array.from({ length: authorDomainsMax + 1 }, (_, i) => `a@d${i}.example.com`)
    const verdict = await it.judge(from(many.join(', ')), elsewhere)
    expect(dmarcOf(verdict)).toContain('dmarc=permerror')
    expect(verdict.action).toBe('spam')
  })

  test('no author: nothing is told of one', async () => {
    const verdict = await it.judge(body, elsewhere)
    expect(dmarcOf(verdict)).toBe('')
    expect(verdict.action).toBe('accept')
  })
})

describe('what was published', () => {
  test.each([
    ['nothing', [], 'dmarc=none', 'accept'],
    ['nothing to be done', ['v=DMARC1; p=none'], 'dmarc=fail (p=none dis=accept)', 'accept'],
    ['quarantine', ['v=DMARC1; p=quarantine'], 'dmarc=fail (p=quarantine dis=spam)', 'spam'],
    ['in capitals', ['v=DMARC1; P=Reject;'], 'dmarc=fail (p=reject dis=refuse)', 'refuse'],
    ['a policy that is none', ['v=DMARC1; p=destroy'], 'dmarc=fail (p=none dis=accept)', 'accept'],
    ['two records', ['v=DMARC1; p=reject', 'v=DMARC1; p=none'], 'dmarc=none', 'accept'],
    ['half of them', ['v=DMARC1; p=reject; pct=50'], 'dmarc=fail (p=reject dis=spam)', 'spam'],
    ['a bit more than half', ['v=DMARC1; p=reject; pct=51'], 'dmarc=fail (p=reject dis=refuse)', 'refuse'],
    ['half of quarantine', ['v=DMARC1; p=quarantine; pct=50'], 'dmarc=fail (p=quarantine dis=accept)', 'accept'],
    ['none of them', ['v=DMARC1; p=reject; pct=0'], 'dmarc=fail (p=reject dis=spam)', 'spam'],
    ['nonsense for a percentage', ['v=DMARC1; p=reject; pct=few'], 'dmarc=fail (p=reject dis=refuse)', 'refuse'],
  ])('%s', async (_, records, told, action) => {
    if (records.length === 0) it.names.zone.delete('TXT _dmarc.example.org')
    else it.names.zone.set('TXT _dmarc.example.org', records)
    const verdict = await it.judge(from('carol@example.org'), elsewhere)
    expect(dmarcOf(verdict)).toBe(`${told} header.from=example.org`)
    expect(verdict.action).toBe(action)
  })

  test.each([
    ['of a domain below, by the one above', undefined, 'dmarc=fail (p=quarantine dis=spam)'],
    ['of a domain below, by itself', 'v=DMARC1; p=none', 'dmarc=fail (p=none dis=accept)'],
  ])('%s', async (_, record, told) => {
    if (record !== undefined) it.names.zone.set('TXT _dmarc.news.example.org', [record])
    expect(dmarcOf(await it.judge(from('a@news.example.org'), elsewhere))).toBe(`${told} header.from=news.example.org`)
  })

  test('what the sender hears', async () => {
    expect((await it.judge(from('carol@example.org'), elsewhere)).reply).toBe(
      '550 5.7.1 Neither SPF nor DKIM shows that this message comes from example.org, which asks to refuse such mail (DMARC)',
    )
  })
})

describe('what a domain lets happen', () => {
  test.each([
    [undefined, 'reject', 'refuse'],
    ['refuse', 'reject', 'refuse'],
    ['refuse', 'quarantine', 'spam'],
    ['spam', 'reject', 'spam'],
    ['spam', 'quarantine', 'spam'],
    ['spam', 'none', 'accept'],
    ['ignore', 'reject', 'accept'],
    ['ignore', 'quarantine', 'accept'],
  ] as const)('%s of %s: %s', async (dmarc, published, action) => {
    it.names.zone.set('TXT _dmarc.example.org', [`v=DMARC1; p=${published}`])
    const settings = dmarc === undefined ? {} : { dmarc }
    expect((await it.judge(from('carol@example.org'), { ...elsewhere, settings })).action).toBe(action)
  })

  test('where only who handed it over is known, a signature counts and nothing else does', async () => {
    it.names.questions.length = 0
    const verdict = await it.judge(from('carol@example.org'), { via: 'ingest' })
    expect(toldBy(verdict)).toEqual(['dkim=none'])
    expect(it.names.questions).toEqual([])
    expect(toldBy(await it.judge(await by('example.net', from('carol@example.org')), { via: 'ingest' }))).toEqual([
      'dkim=pass header.d=example.net header.s=r1 header.a=rsa-sha256',
    ])
    expect(verdict.action).toBe('accept')
    const right = await it.judge(await by('example.org', from('carol@example.org')), { via: 'ingest' })
    expect(dmarcOf(right)).toBe('dmarc=pass (p=reject) header.from=example.org')
  })

  test.each([
    ['by LMTP', { via: 'lmtp' as const }],
    ['from a trusted network', { clientAddress: '198.51.100.7' }],
  ])('what a server in front has taken is not judged, unless that is wanted: %s', async (_, how) => {
    const unjudged = { action: 'accept', authenticationResults: undefined }
    expect(await it.judge(from('carol@example.org'), how)).toEqual(unjudged)
    const strict = await court({ judgesFronts: true })
    expect(toldBy(await strict.judge(from('carol@example.org'), how))).toEqual(['dkim=none'])
    strict.names.close()
  })
})

describe('name servers that are no help', () => {
  test('about the policy: taken, and told', async () => {
    it.names.trouble.set('TXT _dmarc.example.org', 'SERVFAIL')
    const verdict = await it.judge(from('carol@example.org'), elsewhere)
    expect(dmarcOf(verdict)).toBe('dmarc=temperror header.from=example.org')
    expect(verdict.action).toBe('accept')
  })

  test.each([
    ['reject', 'defer'],
    ['quarantine', 'spam'],
    ['none', 'accept'],
  ])('about SPF of a domain that asks for %s: %s', async (published, action) => {
    it.names.zone.set('TXT _dmarc.example.org', [`v=DMARC1; p=${published}`])
    it.names.trouble.set('TXT example.org', 'SERVFAIL')
    const verdict = await it.judge(from('carol@example.org'))
    expect(verdict.action).toBe(action)
    if (action === 'defer') expect(verdict.reply).toMatch(/^451 4\.4\.3 Whether this message comes from example\.org /)
  })

  test("about SPF of another's domain: that could not have helped", async () => {
    it.names.trouble.set('TXT example.com', 'SERVFAIL')
    expect((await it.judge(from('carol@example.org'), elsewhere)).action).toBe('refuse')
  })
})

describe('who handed a message on', () => {
  const list = { domain: 'lists.example.net', selector: 'r1', pair: key }
  const saw = 'lists.example.net; dmarc=pass header.from=example.org'
  /** As a list changes a message. */
  const changed = async (): Promise<string> =>
    (await by('example.org', from('carol@example.org'))).replace('Subject: Tea', 'Subject: [list] Tea')

  const arcOf = (verdict: Awaited<ReturnType<Court['judge']>>): string =>
    toldBy(verdict).find((line) => line.startsWith('arc=')) ?? ''

  test('a list that is trusted and saw it pass', async () => {
    const text = await sealed(await changed(), { ...list, results: saw, cv: 'none' })
    const verdict = await trusting.judge(text, elsewhere)
    expect(arcOf(verdict)).toBe('arc=pass (i=1) header.d=lists.example.net')
    expect(dmarcOf(verdict)).toBe('dmarc=fail (p=reject dis=accept) header.from=example.org')
    expect(verdict.action).toBe('accept')
    expect((await it.judge(text, elsewhere)).action).toBe('refuse')
  })

  const rows: readonly (readonly [string, string, () => Promise<string>])[] = [
    [
      'one that saw it fail',
      'arc=pass',
      async () => sealed(await changed(), { ...list, results: 'lists.example.net; dmarc=fail', cv: 'none' }),
    ],
    [
      "one that saw another's message pass",
      'arc=pass',
      async () =>
        sealed(await changed(), {
          ...list,
          results: 'lists.example.net; dmarc=pass header.from=example.com',
          cv: 'none',
        }),
    ],
    [
      'one that is not trusted',
      'arc=pass',
      async () => sealed(await changed(), { ...list, domain: 'example.net', results: saw, cv: 'none' }),
    ],
    [
      'a message changed behind its back',
      'arc=fail',
      async () => `${await sealed(await changed(), { ...list, results: saw, cv: 'none' })}P.S.\r\n`,
    ],
    [
      "another's key",
      'arc=fail',
      async () => sealed(await changed(), { ...list, pair: other, results: saw, cv: 'none' }),
    ],
    [
      'no key',
      'arc=fail',
      async () => sealed(await changed(), { ...list, selector: 'none', results: saw, cv: 'none' }),
    ],
    [
      'a part of it missing',
      'arc=fail',
      async () =>
        (await sealed(await changed(), { ...list, results: saw, cv: 'none' })).replace(
          /^ARC-Seal:.*\r\n(?:[ \t].*\r\n)*/m,
          '',
        ),
    ],
    [
      'results that are not those that were sealed',
      'arc=fail',
      async () =>
        (await sealed(await changed(), { ...list, results: 'lists.example.net; dmarc=fail', cv: 'none' })).replace(
          'dmarc=fail',
          'dmarc=pass',
        ),
    ],
  ]
  test.each(rows)('%s', async (_, told, make) => {
    const verdict = await trusting.judge(await make(), elsewhere)
    expect(arcOf(verdict)).toContain(told)
    expect(verdict.action).toBe('refuse')
  })

  test('two of them: what counts ends with the first that is not trusted', async () => {
    const once = await sealed(await changed(), { ...list, results: saw, cv: 'none' })
    const onward = 'lists.example.net; dmarc=fail; arc=pass'
    const twice = await sealed(once, { ...list, results: onward, cv: 'pass' })
    const verdict = await trusting.judge(twice, elsewhere)
    expect(arcOf(verdict)).toBe('arc=pass (i=2) header.d=lists.example.net')
    expect(verdict.action).toBe('accept')
    const stranger = await sealed(once, { ...list, domain: 'example.net', results: onward, cv: 'pass' })
    expect((await trusting.judge(stranger, elsewhere)).action).toBe('refuse')
  })
})

test('what was found is in the mail log and in the metrics', async () => {
  const mine = await court()
  mine.names.zone.set('TXT _dmarc.example.org', ['v=DMARC1; p=reject'])
  await mine.judge(`Message-ID: <1@example.org>\r\n${from('carol@example.org')}`, elsewhere)
  expect(mine.logs.map((line) => JSON.parse(line))).toMatchObject([
    {
      ...{ log: 'mail', msg: 'judged', queueId: 'q_1', messageId: '<1@example.org>', from: 'bounces@example.com' },
      ...{ to: ['ada@example.test'], verdict: 'refuse', spf: 'none', dkim: 'none', arc: 'none', dmarc: 'fail' },
      author: 'example.org',
    },
  ])
  expect(await mine.metrics.registry.metrics()).toContain('postern_mail_judged_total{action="refuse",dmarc="fail"} 1')
  mine.names.close()
})
