// The first SELECT of a large mailbox after a restart: SELECT alone, behind a login, in a process that has opened nothing yet. The
// median of some restarts, and the longest beside it.

import { mailboxOf } from '../large-mailboxes.mjs'
import { RawClient } from '../raw-client.mjs'
import { median } from '../turns.mjs'

const count = 100_000
const waitMsMax = 60

export const firstSelect = {
  name: 'first SELECT of 100,000 after a restart',
  goal: `≤ ${waitMsMax} ms`,
  async run({ ours, size, quick }) {
    const name = await mailboxOf(count, { server: ours, size })
    const waits = []
    for (let i = 0; i < (quick ? 3 : 5); i++) {
      await ours.restart()
      const client = await RawClient.loggedIn(ours)
      const started = performance.now()
      await client.command(`SELECT ${name}`)
      waits.push(performance.now() - started)
      client.end()
    }
    const [typical, longest] = [median(waits), Math.max(...waits)]
    return { ours: `${typical.toFixed(1)} / ${longest.toFixed(1)} ms`, met: typical <= waitMsMax }
  },
}
