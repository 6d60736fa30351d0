/** What is kept of refused logins: each one, until a flood comes. */
import { expect, test } from 'vitest'
import { RefusalNotes, type Refused } from '../src/index.js'
import { asked, now0 } from './town.js'

function notes() {
  const kept: string[] = []
  const rests: unknown[] = []
  const clock = { now: now0 - (now0 % 60_000) }
  const made = new RefusalNotes({
    write: ({ correlation }) => void kept.push(correlation),
    writeRest: (rest) => void rests.push(rest),
    clock: () => clock.now,
  })
  const note = (address: string, correlation = 'c'): void =>
    made.note({ correlation, cause: 'wrong secret', question: asked('x', { address }) } as Refused)
  return { made, kept, rests, clock, note }
}

test('each is told, with its correlation id', () => {
  const { note, kept, rests } = notes()
  note('192.0.2.1', 'a')
  note('192.0.2.1', 'b')
  expect(kept).toEqual(['a', 'b'])
  expect(rests).toEqual([])
})

test('a flood from one network costs so many lines a minute, and one that counts the rest; others are still told', () => {
  const { note, kept, rests, clock, made } = notes()
  for (let i = 0; i < 10_000; i++) note(`192.0.2.${i % 256}`)
  expect(kept).toHaveLength(20)
  note('198.51.100.1', 'somebody else')
  expect(kept.at(-1)).toBe('somebody else')
  made.tick()
  expect(rests).toEqual([])
  clock.now += 60_000
  made.tick()
  expect(rests).toEqual([{ refused: 9_980, networks: 1 }])
  note('192.0.2.1', 'the next minute')
  expect(kept.at(-1)).toBe('the next minute')
  clock.now += 60_000
  made.tick()
  expect(rests).toHaveLength(1)
})

test('a flood from everywhere costs so many lines a minute, whatever it comes to', () => {
  const { note, kept, rests, clock, made } = notes()
  for (let i = 0; i < 100_000; i++) note(`10.${(i >> 8) & 255}.${i & 255}.1`)
  expect(kept).toHaveLength(600)
  clock.now += 60_000
  made.tick()
  expect(rests).toEqual([{ refused: 99_400, networks: 600 }])
})
