// The first SELECT of a large mailbox after a restart: SELECT alone, behind a login, in a process that has opened nothing yet.

import { mailboxOf } from '../large-mailboxes.mjs'
import { RawClient } from '../raw-client.mjs'

const count = 100_000
const waitMsMax = 60

export const firstSelect = {
  name: 'first SELECT of 100,000 after a restart',
  goal: `≤ ${waitMsMax} ms`,
  async run({ ours, size, quick }) {
    const name = await mailboxOf(count, { server: ours, size })
    const waits = []
    for (let i = 0; i < (quick ? 2 : 5); i++) {
      await ours.restart()
      const client = await RawClient.loggedIn(ours)
      const started = performance.now()
      await client.command(`SELECT ${name}`)
      waits.push(performance.now() - started)
      client.end()
    }
    const longest = Math.max(...waits)
    return { ours: `${longest.toFixed(1)} ms`, met: longest <= waitMsMax }
  },
}
