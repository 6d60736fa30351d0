// 500 sessions in IDLE, spread over twelve inboxes: a message comes into each inbox at once; the wait is from sending them until the
// last of the 500 has heard EXISTS.

import { appendOf, RawClient } from '../raw-client.mjs'
import { shown } from '../table.mjs'
import { percentile } from '../turns.mjs'

const [inboxes, sessions] = [12, 500]
const p99MsMax = 60

export const deliveryToMany = {
  name: 'delivery to EXISTS in IDLE, 500 sessions',
  goal: `p99 ≤ ${p99MsMax} ms, the last of all`,
  async run({ startOwn, quick, small }) {
    const server = await startOwn({ inboxes })
    const open = (i, mailbox) => RawClient.loggedIn({ ...server, user: server.users[i % inboxes] }, mailbox)
    const senders = await Promise.all(Array.from({ length: inboxes }, (_, i) => open(i)))
    const readers = []
    for (let i = 0; i < sessions; i++) {
      const reader = await open(i, 'INBOX')
      await reader.idle()
      readers.push(reader)
    }
    const waits = []
    for (let round = 0; round < (quick ? 20 : 60); round++) {
      const heard = readers.map((reader) => reader.untilExists(round + 1))
      const message = appendOf('INBOX', [small[round]])
      const started = performance.now()
      const sent = senders.map((sender) => sender.commands([message]))
      await Promise.all(heard)
      waits.push(performance.now() - started)
      await Promise.all(sent)
    }
    for (const client of [...senders, ...readers]) client.end()
    const [typical, p99] = [percentile(waits, 0.5), percentile(waits, 0.99)]
    return { ours: `${shown(typical)} / ${shown(p99)} ms`, met: p99 <= p99MsMax }
  },
}
