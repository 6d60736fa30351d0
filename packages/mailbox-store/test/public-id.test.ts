// What public ids look like, and which of them sort.

import { publicId, queueIdAt } from '@postern/mailbox-store'
import { expect, test } from 'vitest'

test('public ids have their prefix and 20 letters and digits, each one another', () => {
  const ids = Array.from({ length: 2_000 }, () => publicId('inb'))
  for (const id of ids) expect(id).toMatch(/^inb_[0-9a-hjkmnp-tv-z]{20}$/)
  expect(new Set(ids).size).toBe(ids.length)
})

test('queue ids sort by their time, and those of one moment differ', () => {
  const moments = [0, 31, 32, 1_793_000_000_000, 1_793_000_000_001, 1_793_000_001_000, 2 ** 45 - 1]
  const ids = moments.map(queueIdAt)
  for (const id of ids) expect(id).toMatch(/^q_[0-9a-hjkmnp-tv-z]{20}$/)
  expect(ids.toSorted()).toEqual(ids)
  expect(queueIdAt(5)).not.toBe(queueIdAt(5))
})
