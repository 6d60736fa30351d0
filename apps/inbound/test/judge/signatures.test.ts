// DKIM as the judge sees it, through real name servers: which signatures count, and what is told of those that don't.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bodyLineBytesMax } from '../../src/judge/plain-body.js'
import { dkimSignaturesMax, headerLinesMax, signatureBytesMax, signedNamesMax } from '../../src/judge/shown-header.js'
import { type Court, court, keyPair, now, signed, toldBy } from './given.js'

const rsa = keyPair('rsa')
const ed25519 = keyPair('ed25519')
const short = keyPair('rsa', 512)
const message = 'From: Carol <carol@example.org>\r\nTo: ada@example.test\r\nSubject: Tea\r\n\r\nAt four?\r\n'
const own = { domain: 'example.org', selector: 'r1', pair: rsa }

let it: Court
beforeAll(async () => {
  it = await court()
})
beforeEach(() => {
  it.names.trouble.clear()
  it.names.zone.clear()
  it.names.zone.set('TXT r1._domainkey.example.org', [rsa.record])
  it.names.zone.set('TXT e1._domainkey.example.org', [ed25519.record])
  it.names.zone.set('TXT s1._domainkey.example.org', [short.record])
  it.names.zone.set('TXT _dmarc.example.org', ['v=DMARC1; p=reject'])
})
afterAll(() => it.names.close())

async function dkimOf(text: string | Buffer): Promise<{ action: string; dkim: string }> {
  const verdict = await it.judge(text)
  return { action: verdict.action, dkim: toldBy(verdict).find((line) => line.startsWith('dkim=')) ?? '' }
}

describe('a signature that proves who wrote it', () => {
  test.each([
    ['RSA', 'r1', rsa, {}],
    ['Ed25519', 'e1', ed25519, { algorithm: 'ed25519-sha256' }],
    ['simple canonical forms', 'r1', rsa, { canonicalization: 'simple/simple' }],
    ['a limit that is the whole body', 'r1', rsa, { maxBodyLength: 10 }],
  ])('%s', async (_, selector, pair, more) => {
    const { action, dkim } = await dkimOf(await signed(message, { domain: 'example.org', selector, pair, more }))
    expect(dkim).toContain(`dkim=pass header.d=example.org header.s=${selector} header.a=`)
    expect(action).toBe('accept')
  })

  test('two of them, of which one is broken', async () => {
    const twice = await signed(await signed(message, own), { ...own, selector: 'gone' })
    const verdict = await it.judge(twice)
    expect(toldBy(verdict).filter((line) => line.startsWith('dkim='))).toEqual([
      'dkim=neutral (no key) header.d=example.org header.s=gone header.a=rsa-sha256',
      'dkim=pass header.d=example.org header.s=r1 header.a=rsa-sha256',
    ])
    expect(verdict.action).toBe('accept')
  })

  test('a message without a body, and one of which the header never ends', async () => {
    const bare = 'From: carol@example.org\r\n\r\n'
    expect((await dkimOf(await signed(bare, own))).dkim).toContain('dkim=pass')
    const text = await signed(bare, own)
    expect((await dkimOf(text.slice(0, -2))).dkim).toContain('dkim=pass')
  })
})

describe('a signature that proves nothing', () => {
  const rows: readonly (readonly [string, string, () => string | Promise<string>])[] = [
    ['another body', 'dkim=neutral (body hash did not verify)', async () => `${await signed(message, own)}P.S.\r\n`],
    [
      'another subject',
      'dkim=fail (bad signature)',
      async () => (await signed(message, own)).replace('Tea', 'Your account'),
    ],
    ['no key', 'dkim=neutral (no key)', () => signed(message, { ...own, selector: 'none' })],
    ["another's key", 'dkim=fail (bad signature)', () => signed(message, { ...own, pair: keyPair('rsa') })],
    ['a short key', 'dkim=policy', () => signed(message, { ...own, selector: 's1', pair: short })],
    [
      'expired',
      'dkim=neutral (expired)',
      () =>
        signed(message, { ...own, more: { signTime: new Date(now - 7_200_000), expires: new Date(now - 3_600_000) } }),
    ],
    [
      'a body that goes on behind its limit',
      'dkim=policy (a part of the body is not signed)',
      async () => `${await signed(message, { ...own, more: { maxBodyLength: 10 } })}Buy this!\r\n`,
    ],
    [
      'a limit beyond the body',
      'dkim=permerror (it claims to cover more than there is of the body)',
      async () => (await signed(message, { ...own, more: { maxBodyLength: 10 } })).replace(/\bl=10;/, 'l=9999;'),
    ],
    [
      'From is not signed',
      'dkim=policy (From is not signed)',
      // mailauth's types have a list where it reads a text.
      () => signed(message, { ...own, more: { headerList: 'Subject:To' as unknown as string[] } }),
    ],
    [
      'a second From on top',
      'dkim=policy (From is not signed)',
      async () => `From: "The bank" <boss@example.org>\r\n${await signed(message, own)}`,
    ],
    ['sha1', 'dkim=policy (sha1 proves nothing)', () => signed(message, { ...own, more: { algorithm: 'rsa-sha1' } })],
    ['none at all', 'dkim=none', () => message],
    ['a field that is no signature', 'dkim=none', () => `DKIM-Signature: \\"(=;;;=\r\n${message}`],
    [
      'more of a field than is read',
      'dkim=none',
      () => `DKIM-Signature: v=1; d=example.org; h=${'from:'.repeat(signatureBytesMax / 5)}\r\n${message}`,
    ],
  ]
  test.each(rows)('%s', async (_, told, make) => {
    const { action, dkim } = await dkimOf(await make())
    expect(dkim).toContain(told)
    expect(action).toBe('refuse')
  })

  test('one that is right, behind more than are looked at', async () => {
    const text = await signed(message, own)
    const others = `DKIM-Signature: v=1; a=rsa-sha256; d=example.net; s=x; h=from; bh=x; b=x\r\n`.repeat(
      dkimSignaturesMax,
    )
    const verdict = await it.judge(others + text)
    expect(toldBy(verdict).filter((line) => line.startsWith('dkim='))).toHaveLength(dkimSignaturesMax)
    expect(verdict.action).toBe('refuse')
  })
})

describe('name servers that are no help', () => {
  test.each(['SERVFAIL', 'garbage'] as const)('%s about the key: neither believed nor refused', async (trouble) => {
    it.names.trouble.set('TXT r1._domainkey.example.org', trouble)
    const { action, dkim } = await dkimOf(await signed(message, own))
    expect(dkim).toContain('dkim=temperror')
    expect(action).toBe('defer')
  })
})

describe('what is made to hurt', () => {
  const slowMs = 5_000
  const body = '\r\n\r\nHello\r\n'
  const from = 'From: carol@example.org\r\n'
  const sign = (tags: string): string => `DKIM-Signature: v=1; a=rsa-sha256; c=simple; d=example.org; s=r1; ${tags}\r\n`
  const rows: readonly (readonly [string, () => string])[] = [
    ['60,000 fields', () => `${from}${'a:\r\n'.repeat(60_000)}${body}`],
    ['one field of 60,000 lines', () => `${from}X: a\r\n${' b\r\n'.repeat(60_000)}${body}`],
    [
      'as many lines as are looked at',
      () => `${from}${sign('h=from; bh=x; b=x')}X: a\r\n${' b\r\n'.repeat(headerLinesMax - 10)}${body}`,
    ],
    [
      'signatures that name fields over and over',
      () =>
        `${from}${sign(`bh=x; b=x; h=${'a:'.repeat(signedNamesMax - 20)}`).repeat(10)}${'b:\r\n'.repeat(headerLinesMax - 100)}${body}`,
    ],
    [
      'semicolons',
      () => `${from}${`ARC-Seal: i=1; ${';'.repeat(4_000)}\r\n`.repeat(60)}${sign(`${';'.repeat(4_000)}`)}${body}`,
    ],
    ['brackets', () => `From: ${'<('.repeat(60_000)}\r\n${body}`],
    ['addresses', () => `From: ${'a@example.org,'.repeat(15_000)}\r\n${body}`],
    [
      'chains',
      () =>
        `${from}${Array.from({ length: 60 }, (_, i) =>
          ['ARC-Seal', 'ARC-Message-Signature', 'ARC-Authentication-Results']
            .map((name) => `${name}: i=${i + 1}; a=rsa-sha256; d=a; s=b; cv=pass; bh=x; b=x; h=${'_('.repeat(500)}\r\n`)
            .join(''),
        ).join('')}${body}`,
    ],
    ['a line without end', () => `${from}${sign('h=from; bh=x; b=x')}${body}${'x'.repeat(bodyLineBytesMax * 4)}`],
    ['empty lines', () => `${from}${sign('h=from; bh=x; b=x')}${body}${'\r\n'.repeat(bodyLineBytesMax * 2)}`],
    ['no header', () => `\r\nFrom: carol@example.org\r\n\r\nHello\r\n`],
    ['nothing', () => ''],
  ]
  test.each(rows)('%s', async (_, make) => {
    const text = make()
    const before = performance.now()
    const verdict = await it.judge(text)
    expect(performance.now() - before).toBeLessThan(slowMs)
    expect(['accept', 'refuse']).toContain(verdict.action)
  })

  test.each([
    '__proto__.polluted=yes',
    '__pro(x)to__.polluted=yes',
    '__pro"to"__.polluted=yes',
    "_'_'proto__.polluted=yes",
    '__prot\\o__.polluted=yes',
    '_(a)_(b)p(c)roto__.polluted=yes',
  ])('results that name what every object is made of: %s', async (property) => {
    const set = [
      `ARC-Authentication-Results: i=1; mx.example.net; dmarc=pass ${property}`,
      'ARC-Message-Signature: i=1; a=rsa-sha256; d=example.net; s=x; h=from; bh=x; b=x',
      'ARC-Seal: i=1; a=rsa-sha256; d=example.net; s=x; cv=none; b=x',
    ]
    await it.judge(`${set.join('\r\n')}\r\n${message}`)
    expect('polluted' in {}).toBe(false)
  })
})
