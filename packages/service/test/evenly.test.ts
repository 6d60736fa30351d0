import { expect, test } from 'vitest'
import { evenly } from '../src/index.js'

const timesOf = async (count: number, overMs: number): Promise<number[]> => {
  const beganMs = performance.now()
  const times: number[] = []
  await evenly(
    Array.from({ length: count }, () => () => void times.push(performance.now() - beganMs)),
    { overMs },
  )
  return times
}

test('many things are spread over the time, and none is early', async () => {
  const times = await timesOf(200, 300)
  expect(times).toHaveLength(200)
  // A millisecond's work of a timer is done at once.
  for (const [i, time] of times.entries()) expect(time).toBeGreaterThan(i * 1.5 - 2)
  expect(times.at(-1)).toBeLessThan(3_000)
})

test('a few take no longer than they must, and without time all go at once', async () => {
  expect((await timesOf(2, 60_000)).at(-1)).toBeLessThan(2_000)
  expect((await timesOf(1_000, 0)).at(-1)).toBeLessThan(1_000)
  expect(await timesOf(0, 1_000)).toEqual([])
})
