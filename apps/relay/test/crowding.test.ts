// When what found its host full is looked at again.

import { expect, test } from 'vitest'
import { Crowding } from '../src/crowding.js'

const limits = { crowdedMs: 500, crowdedMsMax: 300_000 }

test('a host that takes a thousand a second gets its mail back as fast, and a little faster', () => {
  const crowding = new Crowding(limits)
  for (let now = 0; now <= 3_000; now += 10) crowding.served('h', 10, now)
  expect(crowding.comesAgainAt('h', 200, 3_000)).toBe(3_000 + 500 + 100)
  expect(crowding.comesAgainAt('h', 200, 3_000)).toBe(3_000 + 500 + 200)
})

test('of a host that nothing is known of yet, or not any more, the best is thought', () => {
  const crowding = new Crowding(limits)
  expect(crowding.comesAgainAt('h', 200, 0)).toBe(500 + 1_000)
  crowding.served('h', 1, 3_000)
  expect(crowding.comesAgainAt('h', 200, 60_000)).toBe(60_000 + 500 + 1_000)
})

test('one that takes nothing is asked again later and later, up to five minutes', () => {
  const crowding = new Crowding(limits)
  for (let now = 0; now < 6_000; now += 1_000) crowding.comesAgainAt('h', 1, now)
  expect(crowding.comesAgainAt('h', 100, 6_000)).toBe(6_000 + 500 + 50_000)
  for (let n = 0; n < 100; n++) crowding.comesAgainAt('h', 250, 6_000)
  expect(crowding.comesAgainAt('h', 250, 7_000)).toBe(307_000)
})

test('each host has a pace of its own', () => {
  const crowding = new Crowding(limits)
  for (let n = 0; n < 9; n++) crowding.comesAgainAt('slow', 10_000, n * 1_000)
  expect(crowding.comesAgainAt('fast', 200, 1_000)).toBe(1_000 + 500 + 1_000)
})
