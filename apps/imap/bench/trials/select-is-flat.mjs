// SELECT of a mailbox that is open already takes no longer when it's large.

import { mailboxOf } from '../large-mailboxes.mjs'
import { RawClient } from '../raw-client.mjs'
import { median } from '../turns.mjs'

const [small, large, times] = [1_000, 100_000, 300]
const growthMax = 1.5

export const selectIsFlat = {
  name: 'SELECT of 1,000 / of 100,000',
  goal: `at most ${growthMax} × as long`,
  async run({ ours, size }) {
    const names = [await mailboxOf(small, { server: ours, size }), await mailboxOf(large, { server: ours, size })]
    const client = await RawClient.loggedIn(ours)
    const waits = names.map(() => [])
    for (let i = 0; i < times; i++)
      for (const [which, name] of names.entries()) {
        const started = performance.now()
        await client.command(`SELECT ${name}`)
        waits[which].push(performance.now() - started)
      }
    client.end()
    const [short, long] = waits.map(median)
    return { ours: `${short.toFixed(2)} / ${long.toFixed(2)} ms`, met: long <= growthMax * short }
  },
}
