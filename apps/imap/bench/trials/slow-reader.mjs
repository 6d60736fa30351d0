// FETCH 1:* BODY.PEEK[] of 5 GB by a client that reads slowly first, then faster, then as fast as it can: the gateway's memory stays
// where it was before the command.

import { largeMessage } from '../large-message.mjs'
import { settledMemory, watchMemory } from '../processes.mjs'
import { RawClient } from '../raw-client.mjs'

const [count, messageBytes] = [100, 50_000_000]
const changeBytesMax = 60_000_000
/** Bytes a second, and for how long. */
const paces = [
  { bytesPerSecond: 4e6, forMs: 8_000 },
  { bytesPerSecond: 60e6, forMs: 8_000 },
  { bytesPerSecond: Number.POSITIVE_INFINITY, forMs: 90_000 },
]

export const slowReader = {
  name: 'FETCH 1:* BODY.PEEK[] of 5 GB, slow reader',
  goal: `memory ± ${changeBytesMax / 1e6} MB`,
  isLong: true,
  async run({ startOwn }) {
    const server = await startOwn()
    await fillWithLarge(server)
    await server.restart()
    const client = await RawClient.loggedIn(server, 'INBOX')
    const base = await settledMemory(server.pid)
    const watch = watchMemory(server.pid)
    const started = performance.now()
    const [before, done] = [client.bytes, client.command('FETCH 1:* BODY.PEEK[]')]
    await Promise.race([done, paced(client)])
    await done
    const [bytes, seconds] = [client.bytes - before, (performance.now() - started) / 1_000]
    client.end()
    const { most, least } = watch.stop()
    const isWhole = bytes >= count * messageBytes
    const change = Math.max(most - base, base - least)
    const note = `${(bytes / 1e9).toFixed(2)} GB in ${seconds.toFixed(0)} s; memory ${mb(base)} before, ${mb(least)} to ${mb(most)}`
    return { ours: `± ${mb(change)}`, met: isWhole && change <= changeBytesMax, notes: [note] }
  },
}

const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`

/** One message and its copies. */
async function fillWithLarge(server) {
  const client = await RawClient.loggedIn(server, 'INBOX')
  await client.append('INBOX', largeMessage(messageBytes, 0))
  for (let made = 1; made < count; made *= 2) await client.command(`COPY 1:${Math.min(made, count - made)} INBOX`)
  client.end()
}

async function paced(client) {
  for (const { bytesPerSecond, forMs } of paces) {
    client.readAt(bytesPerSecond)
    await new Promise((resolve) => setTimeout(resolve, forMs))
  }
  client.end()
  throw new Error('it did not come in time')
}
