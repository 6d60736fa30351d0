// Twenty clients that APPEND a message of 50 MB each, all at once, into a gateway that has just started: its memory stays where it was.

import { largeMessage } from '../large-message.mjs'
import { settledMemory, watchMemory } from '../processes.mjs'
import { RawClient } from '../raw-client.mjs'

const [clients, messageBytes] = [20, 50_000_000]
const changeBytesMax = 60_000_000

export const appendMemory = {
  name: 'APPEND of 50 MB by 20 clients at once',
  goal: `memory ± ${changeBytesMax / 1e6} MB`,
  isLong: true,
  async run({ startOwn }) {
    const server = await startOwn()
    const senders = await Promise.all(Array.from({ length: clients }, () => RawClient.loggedIn(server)))
    const base = await settledMemory(server.pid)
    const watch = watchMemory(server.pid)
    const started = performance.now()
    await Promise.all(senders.map((sender, i) => sender.append('INBOX', largeMessage(messageBytes, i))))
    const seconds = (performance.now() - started) / 1_000
    const { most, least } = watch.stop()
    for (const sender of senders) sender.end()
    const change = Math.max(most - base, base - least)
    const note = `${seconds.toFixed(1)} s; memory ${mb(base)} before, ${mb(least)} to ${mb(most)}`
    return { ours: `+ ${mb(most - base)}`, met: change <= changeBytesMax, notes: [note] }
  },
}

const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`
