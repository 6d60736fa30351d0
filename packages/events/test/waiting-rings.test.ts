/** What waits to be published is merged and bounded. */
import { expect, test } from 'vitest'
import { WaitingRings } from '../src/waiting-rings.js'

test('rings are merged: the highest modSeq, each record once, the outbox once', () => {
  const waiting = new WaitingRings(10)
  for (const modSeq of [5, 9, 7]) waiting.add({ mailbox: 1, modSeq })
  for (const directory of ['a', 'b', 'a']) waiting.add({ directory })
  for (let n = 0; n < 2; n++) waiting.add({ outbox: 'due' })
  expect(waiting.size).toBe(4)
  expect(waiting.take(10)).toEqual([
    { directory: 'a' },
    { directory: 'b' },
    { outbox: 'due' },
    { mailbox: 1, modSeq: 9 },
  ])
  expect([waiting.size, waiting.take(10)]).toEqual([0, []])
})

test('they are taken a batch at a time', () => {
  const waiting = new WaitingRings(10)
  for (let mailbox = 1; mailbox <= 5; mailbox++) waiting.add({ mailbox, modSeq: 1 })
  expect([waiting.take(3).length, waiting.take(3).length, waiting.size]).toEqual([3, 2, 0])
})

test('where too many wait, one ring for everybody stands for all of them', () => {
  const waiting = new WaitingRings(3)
  for (let mailbox = 1; mailbox <= 100; mailbox++) waiting.add({ mailbox, modSeq: 1 })
  waiting.add({ outbox: 'due' })
  waiting.add({ directory: 'a' })
  expect(waiting.take(10)).toEqual(['everyone', { directory: 'a' }])
  waiting.add({ mailbox: 1, modSeq: 2 })
  expect(waiting.take(10)).toEqual([{ mailbox: 1, modSeq: 2 }])
  for (let n = 0; n < 100; n++) waiting.add({ directory: `${n}` })
  expect(waiting.size).toBeLessThanOrEqual(3)
})
