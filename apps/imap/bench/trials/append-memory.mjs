// Twenty clients that APPEND a message of 50 MB each, all at once: the gateway's memory stays where it was. It has taken a message of
// 5 MB of each before, since the young part of V8's heap grows to its size with the first work of any kind; the note says where it
// was when it had just started.

import { largeMessage } from '../large-message.mjs'
import { settledMemory, watchMemory } from '../processes.mjs'
import { RawClient } from '../raw-client.mjs'

const [clients, warmUpBytes, messageBytes] = [20, 5_000_000, 50_000_000]
const changeBytesMax = 60_000_000

export const appendMemory = {
  name: 'APPEND of 50 MB by 20 clients at once',
  goal: `memory ± ${changeBytesMax / 1e6} MB`,
  isLong: true,
  async run({ startOwn }) {
    const server = await startOwn()
    const senders = await Promise.all(Array.from({ length: clients }, () => RawClient.loggedIn(server)))
    const fresh = await settledMemory(server.pid)
    const all = (bytes, from) =>
      Promise.all(senders.map((sender, i) => sender.append('INBOX', largeMessage(bytes, from + i))))
    await all(warmUpBytes, 0)
    const base = await settledMemory(server.pid)
    const watch = watchMemory(server.pid)
    const started = performance.now()
    await all(messageBytes, clients)
    const seconds = (performance.now() - started) / 1_000
    const { most, least } = watch.stop()
    for (const sender of senders) sender.end()
    const change = Math.max(most - base, base - least)
    const note = `${seconds.toFixed(1)} s; memory ${mb(fresh)} at first, ${mb(base)} before, ${mb(least)} to ${mb(most)}`
    return { ours: `± ${mb(change)}`, met: change <= changeBytesMax, notes: [note] }
  },
}

const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`
