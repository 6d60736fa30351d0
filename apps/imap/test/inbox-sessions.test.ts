// How sessions of one inbox are counted by nodes that share their counters, and what happens where a node dies or the counters do.

import { type Counters, localCounters } from '@postern/events'
import { createLogger } from '@postern/telemetry'
import { expect, onTestFinished, test, vi } from 'vitest'
import { InboxSessions } from '../src/inbox-sessions.js'

const address = 'ada@example.test'
let nowMs = 1_000_000

function node(counters: Counters, lines: string[] = []): InboxSessions {
  const logger = createLogger({ level: 'warn', destination: { write: (line: string) => void lines.push(line) } })
  const made = new InboxSessions({ counters, clock: () => nowMs, logger, sessionsPerInboxMax: 2, renewEveryMs: 20 })
  onTestFinished(() => made.close())
  return made
}
const counters = (): Counters => localCounters({ keysMax: 100, membersMax: 0 })

test('nodes count together, and a place that one gives back is free for the other', async () => {
  const shared = counters()
  const [one, two] = [node(shared), node(shared)]
  expect([await one.enter('a', address), await two.enter('b', address)]).toEqual([true, true])
  expect([await one.enter('c', address), await two.enter('d', address)]).toEqual([false, false])
  expect(await two.enter('d', 'bob@example.test')).toBe(true)
  one.leave('a')
  expect(await two.enter('e', address)).toBe(true)
  one.leave('nobody')
  one.leave('c')
  expect(await one.enter('f', address)).toBe(false)
})

test('a session keeps its place as long as it lives; those of a node that died come free', async () => {
  const shared = counters()
  const hold = vi.spyOn(shared, 'hold')
  const [dead, alive] = [node(shared), node(shared)]
  await dead.enter('a', address)
  await alive.enter('b', address)
  const released = vi.spyOn(shared, 'release').mockResolvedValue()
  dead.close()
  released.mockRestore()
  for (let round = 0; round < 10; round++) {
    nowMs += 20
    const before = hold.mock.calls.length
    await vi.waitFor(() => expect(hold.mock.calls.length).toBeGreaterThan(before))
  }
  expect(await alive.enter('c', address)).toBe(true)
  expect(await alive.enter('d', address), "b's place is still b's").toBe(false)
})

test('a node that closes gives back what it holds', async () => {
  const shared = counters()
  const [one, two] = [node(shared), node(shared)]
  await one.enter('a', address)
  await one.enter('b', address)
  one.close()
  expect(await two.enter('c', address)).toBe(true)
})

test('counters that cannot be reached keep nobody out, and that is told', async () => {
  const lines: string[] = []
  const gone = (): Promise<never> => Promise.reject(new Error('not connected'))
  const sessions = node({ ...counters(), hold: gone, release: gone }, lines)
  for (const session of ['a', 'b', 'c']) expect(await sessions.enter(session, address)).toBe(true)
  sessions.leave('a')
  await vi.waitFor(() => expect(lines.join('')).toContain('place of a session not given back'))
  expect(lines.join('')).toContain('sessions of an inbox not counted')
})
