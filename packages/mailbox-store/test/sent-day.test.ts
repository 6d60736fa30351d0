// The sender's own day, out of the Date header as anybody may write it.

import { expect, test } from 'vitest'
import { sentDay } from '../src/search/sent-day.js'

const utcMs = Date.UTC(2026, 3, 2, 1, 0, 0)
const day = Math.floor(utcMs / 86_400_000)

test.each([
  ['Wed, 1 Apr 2026 21:00:00 -0400', day - 1],
  ['Wed, 1 Apr 2026 21:00:00 -0400 (EDT)', day - 1],
  ['Wed, 1 Apr 2026 21:00:00 (so late) -0400 (at home) (again)', day - 1],
  ['Wed, 1 Apr 2026 21:00:00 EDT', day - 1],
  ['Thu, 2 Apr 2026 01:00:00 +0000 (no end', day],
  ['Thu, 2 Apr 2026 01:00:00 Z', day],
])('%s', (field, expected) => expect(sentDay({ field, utcMs })).toBe(expected))

test('in time that grows with the field', () => {
  const began = performance.now()
  for (const field of ['('.repeat(500_000), '()'.repeat(250_000), `1${':00 '.repeat(100_000)}`, ' '.repeat(500_000)])
    sentDay({ field, utcMs })
  expect(performance.now() - began).toBeLessThan(2_000)
})
