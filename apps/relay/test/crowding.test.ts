// When what found its host full is looked at again.

import { expect, test } from 'vitest'
import { Crowding } from '../src/crowding.js'

const limits = { crowdedMs: 500, crowdedMsMax: 300_000 }

test('a host that takes a thousand a second gets its mail back as fast, and a little faster', () => {
  const crowding = new Crowding(limits)
  for (let now = 0; now <= 3_000; now += 10) crowding.served('h', 10, now)
  expect(crowding.comesAgainAt('h', 200, 3_000)).toBe(3_000 + 500 + 100)
  expect(crowding.comesAgainAt('h', 200, 3_000)).toBe(3_000 + 500 + 200)
  expect(crowding.comesAgainAt('h', 200, 9_000)).toBe(9_000 + 500 + 100)
})

test('one that takes nothing is asked again later and later, up to five minutes', () => {
  const crowding = new Crowding(limits)
  expect(crowding.comesAgainAt('h', 100, 0)).toBe(50_500)
  expect(crowding.comesAgainAt('h', 250, 0)).toBe(175_500)
  for (let n = 0; n < 100; n++) crowding.comesAgainAt('h', 250, 0)
  expect(crowding.comesAgainAt('h', 250, 1_000)).toBe(301_000)
})

test('each host has a pace of its own', () => {
  const crowding = new Crowding(limits)
  crowding.served('fast', 1_000, 0)
  crowding.comesAgainAt('slow', 10_000, 1_000)
  expect(crowding.comesAgainAt('fast', 1_000, 1_000)).toBe(1_000 + 500 + 500)
})
