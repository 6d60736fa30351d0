// Every message we have, ours and the published ones, with either line end: the invariants of sound.ts, the same answers for both
// line ends, and text in which every character was understood.
import { expect, test } from 'vitest'
import { searchHeaders, searchText } from '../src/index.js'
import { ownMail, publishedMail, withCrlf } from './corpus.js'
import { expectSound } from './sound.js'

test.each([...ownMail, ...publishedMail])('$name', ({ bytes }) => {
  const parsed = expectSound(bytes)
  const crlf = withCrlf(bytes)
  const again = expectSound(crlf)
  expect(again.envelope).toBe(parsed.envelope)
  expect(again.sort).toEqual(parsed.sort)
  expect(searchHeaders(crlf, again)).toEqual(searchHeaders(bytes, parsed))
  expect(searchText(bytes, parsed).join('\n')).not.toContain('\ufffd')
})

test('own mail is there', () => expect(ownMail.length).toBeGreaterThanOrEqual(6))

test.skipIf(publishedMail.length === 0)('published mail is there', () => {
  expect(publishedMail.length).toBeGreaterThanOrEqual(60)
})
