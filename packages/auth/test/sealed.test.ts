// What is sealed opens again with its key and for its purpose, and with nothing else; the form that is in databases stays readable.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CannotOpen, sealer } from '../src/index.js'

const serverKey = Buffer.alloc(32, 1)
const mine = sealer(serverKey)
const purpose = 'route of dom_1'

test('any text opens again as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, why) => {
      expect(mine.open(mine.seal(text, why), why)).toBe(text)
    }),
  )
})

test('what an earlier version sealed still opens', () => {
  const written = 'sealed1.HHlTxwiJ_ji-e7Zf.d_vwJkUeSmuMO0s6JQX-Ey7jcu22Pd4geTqtS0yFeu5tlU0Q5ELE2kJB3mmBmN8Urd8'
  expect(mine.open(written, purpose)).toBe('smtp://me:secret@relay.example.net')
})

test('nothing of the text is seen, and the same text is sealed another way each time', () => {
  const [one, other] = [mine.seal('a secret', purpose), mine.seal('a secret', purpose)]
  expect(one).toMatch(/^sealed1\.[\w-]{16}\.[\w-]+$/)
  expect(one).not.toBe(other)
  expect(Buffer.from(one.split('.')[2] as string, 'base64url').toString('latin1')).not.toContain('secret')
})

test('another key or another purpose opens nothing', () => {
  const sealed = mine.seal('a secret', purpose)
  expect(() => mine.open(sealed, 'route of dom_2')).toThrow(CannotOpen)
  expect(() => sealer(Buffer.alloc(32, 2)).open(sealed, purpose)).toThrow(/another server key/)
})

test('a text that was changed anywhere does not open', () => {
  const sealed = mine.seal('a secret', purpose)
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'B' ? 'C' : 'B') + sealed.slice(at + 1)
    // The last letter of a base64url word may carry bits that stand for nothing.
    if (isTheSame(changed, sealed)) continue
    expect(() => mine.open(changed, purpose), `letter ${at}`).toThrow(CannotOpen)
  }
})

const isTheSame = (a: string, b: string): boolean => bytesOf(a) === bytesOf(b)
const bytesOf = (text: string): string => {
  const [name, ...words] = text.split('.')
  return [name, ...words.map((word) => Buffer.from(word, 'base64url').toString('hex'))].join('.')
}

test.each([
  '',
  'a secret',
  'sealed1..',
  'sealed2.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA',
  'sealed1.AAAA.AAAAAAAAAAAAAAAAAAAAAAAA',
])('%j is not sealed', (text) => {
  expect(() => mine.open(text, purpose)).toThrow(/not a sealed text/)
})
