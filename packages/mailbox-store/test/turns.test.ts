/** When a process leaves the write lock to others: by a clock of the test's. */
import { expect, test } from 'vitest'
import { Turns } from '../src/sqlite/turns.js'

const limits = { sharedMs: 8, aloneMs: 200, gapMs: 5, rememberMs: 10_000 }

function given() {
  let nowMs = 0
  const turns = new Turns(limits, () => nowMs)
  /** One of 4 ms; returns how long the next has to wait. */
  const group = (): number => {
    const beganAt = nowMs
    nowMs += 4
    turns.ended(beganAt)
    return turns.pauseMs()
  }
  /** One behind the other, until the next has to wait; returns how many. */
  const groupsUntilPause = (): number => {
    for (let groups = 1; ; groups++) if (group() > 0) return groups
  }
  return { turns, group, groupsUntilPause, pass: (ms: number) => (nowMs += ms) }
}

test('who has the lock alone leaves it seldom, and who shares it after each turn', () => {
  const { turns, groupsUntilPause, pass } = given()
  expect(groupsUntilPause()).toBe(50)
  expect(turns.pauseMs()).toBe(limits.gapMs)
  pass(limits.gapMs)
  expect(turns.pauseMs()).toBe(0)
  turns.othersWrote()
  expect(groupsUntilPause()).toBe(2)
  pass(limits.gapMs)
  expect(groupsUntilPause()).toBe(2)
  pass(limits.rememberMs)
  expect(groupsUntilPause()).toBe(50)
})

test('a turn ends when others have written, and when nothing was written for a while', () => {
  const { turns, group, pass } = given()
  turns.othersWrote()
  expect(group()).toBe(0)
  turns.othersWrote()
  expect(group()).toBe(0)
  pass(limits.gapMs)
  expect([group(), group()]).toEqual([0, limits.gapMs])
})
