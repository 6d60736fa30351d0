/** Contract B8: whatever the cause, a refusal takes the same time. Measured with real clocks and a directory that isn't instant. */
import { expect, test } from 'vitest'
import { refusals } from './refusals.js'
import { asked, Town } from './town.js'

const tries = 1_000

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number

/** What a lookup in a database costs, and only where something is found. */
function busy(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

test('a thousand tries for each cause, interleaved: the medians are within 5 % of each other', async () => {
  const cases = refusals.map(([cause, world]) => {
    const town = new Town()
    const { secret, question } = world(town)
    const gate = town.gate({ waits: true })
    const found = town.lookups.secret
    Object.assign(town.lookups, {
      secret: async (publicPart: string) => {
        const it = await found(publicPart)
        if (it !== undefined) busy(0.05)
        return it
      },
    })
    return { cause, gate, question: asked(secret, question), times: [] as number[] }
  })
  for (let i = 0; i < tries; i++) {
    // In another order each time, so that none is always the one that waits for the others.
    const order = cases.map((_, at) => cases[(at + i) % cases.length] as (typeof cases)[number])
    for (const { gate, question, times } of order) {
      const begun = performance.now()
      times.push(0)
      const at = times.length - 1
      void gate.ask(question).then((answer) => {
        times[at] = performance.now() - begun
        expect(answer.admitted).toBe(false)
      })
    }
    await new Promise((resolve) => setTimeout(resolve, 12))
  }
  await new Promise((resolve) => setTimeout(resolve, 100))
  const medians = cases.map(({ times }) => median(times))
  const spread = (Math.max(...medians) - Math.min(...medians)) / Math.min(...medians)
  expect(medians.length).toBe(refusals.length)
  expect(spread, JSON.stringify(cases.map(({ cause }, i) => [cause, medians[i]]))).toBeLessThan(0.05)
}, 120_000)
