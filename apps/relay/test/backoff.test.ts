// When what was deferred is tried again.

import { expect, test } from 'vitest'
import { nextTryAt } from '../src/backoff.js'
import { defaultRelayLimits as limits } from '../src/relay-limits.js'

const minuteMs = 60_000
const dayMs = 86_400_000
const deferral = { attempts: 1, createdAt: 0, now: 0, random: 0.5 }

test.each([
  [1, 2],
  [2, 4],
  [3, 8],
  [7, 128],
  [8, 240],
  [9, 240],
  [5_000, 240],
])('after try %i it waits %i minutes', (attempts, minutes) => {
  expect(nextTryAt({ ...deferral, attempts }, limits)).toBe(minutes * minuteMs)
})

test('chance spreads what failed together over half of the wait', () => {
  expect(nextTryAt({ ...deferral, random: 0 }, limits)).toBe(90_000)
  expect(nextTryAt({ ...deferral, random: 1 }, limits)).toBe(150_000)
})

test('what the other side asks for is waited, up to a day', () => {
  expect(nextTryAt({ ...deferral, retryAfterMs: 60 * minuteMs }, limits)).toBe(60 * minuteMs)
  expect(nextTryAt({ ...deferral, retryAfterMs: 1 }, limits)).toBe(2 * minuteMs)
  expect(nextTryAt({ ...deferral, retryAfterMs: 30 * dayMs }, limits)).toBe(dayMs)
})

test('the last try is at the end of five days, and there is none behind it', () => {
  expect(nextTryAt({ ...deferral, attempts: 40, now: 5 * dayMs - 1 }, limits)).toBe(5 * dayMs)
  expect(nextTryAt({ ...deferral, attempts: 40, now: 5 * dayMs }, limits)).toBeUndefined()
})
