/** Secrets: their form, what is malformed, hashing and comparing. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { hashGivenSecret, hashSecret, mintSecret, parseSecret, verifySecret } from '../src/index.js'

const serverKey = Buffer.alloc(32, 7)
const otherKey = Buffer.alloc(32, 8)
const random = (bytes: number) => randomBytes(bytes)
const publicPart = '0123456789'
const secretPart = 'abcdefghjkmnpqrstvwxyz0123'
const good = `ps_key_${publicPart}_${secretPart}`

describe.each(['key', 'app'] as const)('a minted %s', (kind) => {
  const minted = mintSecret(kind, { random, serverKey })

  test('is one word of letters and digits that look like nothing else', () => {
    expect(minted.secret).toMatch(new RegExp(`^ps_${kind}_[0-9a-hjkmnp-tv-z]{10}_[0-9a-hjkmnp-tv-z]{26}$`))
    expect(minted.secret).toMatch(/^\w+$/)
  })

  test('is parsed back', () => {
    expect(parseSecret(minted.secret)).toEqual({ kind, publicPart: minted.publicPart, secret: minted.secret })
  })

  test('is verified by its hash and the server key alone', () => {
    expect(minted.hash).toHaveLength(32)
    expect(verifySecret(minted.secret, minted.hash, serverKey)).toBe(true)
    expect(verifySecret(minted.secret, minted.hash, otherKey)).toBe(false)
    expect(Buffer.from(minted.hash).toString('latin1')).not.toContain(minted.secret.slice(-26))
  })
})

test('the secret part has at least 128 random bits: 26 characters of 5, all 32 of them alike', () => {
  const seen = new Map<string, number>()
  let asked = 0
  for (let round = 0; round < 2000; round++) {
    const { secret } = mintSecret('app', { serverKey, random: (bytes) => { asked += bytes; return randomBytes(bytes) } }) // biome-ignore format: one line
    for (const letter of secret.split('_')[3]!) seen.set(letter, (seen.get(letter) ?? 0) + 1)
  }
  expect(asked).toBe(2000 * (10 + 26))
  expect(seen.size).toBe(32)
  const expected = (2000 * 26) / 32
  for (const count of seen.values()) expect(Math.abs(count - expected)).toBeLessThan(expected * 0.2)
})

test.each([
  ['empty', ''],
  ['no prefix', `${publicPart}_${secretPart}`],
  ['another kind', good.replace('key', 'web')],
  ['upper case', good.toUpperCase()],
  ['one upper-case letter', good.replace('z', 'Z')],
  ['a letter left out of the alphabet', good.replace('z', 'u')],
  ['a look-alike', good.replace('0', 'o')],
  ['too short', good.slice(0, -1)],
  ['too long', `${good}0`],
  ['public part too short', good.replace('0123456789', '012345678')],
  ['a missing part', `ps_key_${secretPart}`],
  ['an additional part', `${good}_0`],
  ['space before', ` ${good}`],
  ['space behind', `${good} `],
  ['a line end behind', `${good}\n`],
  ['a second line', `x\n${good}`],
  ['NUL', `${good.slice(0, -1)}\0`],
  ['other digits', good.replace('0', '٠')],
  ['very long', `ps_key_${'0'.repeat(1_000_000)}`],
])('malformed: %s', (_, text) => {
  expect(parseSecret(text)).toBeUndefined()
})

test('well-formed, for comparison', () => {
  expect(parseSecret(good)).toEqual({ kind: 'key', publicPart, secret: good })
})

test.each([
  ['another secret', hashSecret(`${good}0`, serverKey)],
  ['another server key', hashSecret(good, otherKey)],
  ['one bit off', Buffer.from(hashSecret(good, serverKey)).map((byte, index) => (index === 31 ? byte ^ 1 : byte))],
  ['a short hash', hashSecret(good, serverKey).subarray(0, 31)],
  ['an empty hash', new Uint8Array()],
])('not verified: %s', (_, hash) => {
  expect(verifySecret(good, hash, serverKey)).toBe(false)
})

describe('a secret that the operator gives', () => {
  const text = 'correct horse battery staple ✓'

  test('may have any form, and finds the same row each time', () => {
    const { publicPart, hash } = hashGivenSecret(text, serverKey)
    expect(publicPart).toMatch(/^[0-9a-hjkmnp-tv-z]{10}$/)
    expect(hashGivenSecret(text, serverKey)).toEqual({ publicPart, hash })
    expect(verifySecret(text, hash, serverKey)).toBe(true)
    expect(verifySecret(`${text} `, hash, serverKey)).toBe(false)
  })

  test('has another public part under another server key', () => {
    expect(hashGivenSecret(text, otherKey).publicPart).not.toBe(hashGivenSecret(text, serverKey).publicPart)
  })

  test('keeps its own public part when it was minted', () => {
    const minted = mintSecret('key', { random, serverKey })
    expect(hashGivenSecret(minted.secret, serverKey)).toEqual({ publicPart: minted.publicPart, hash: minted.hash })
  })

  test.each(['', 'fifteen letters'])('is refused when it is short: "%s"', (short) => {
    expect(() => hashGivenSecret(short, serverKey)).toThrow('at least 16 characters')
  })
})
