// What a session costs that does nothing: the gateway's resident memory with 5,000 sessions in IDLE less that without, by session. They
// are spread over inboxes with a little mail; the same work has been done by a few before, so that code and caches are no part of it.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { settledMemory } from '../processes.mjs'
import { appendOf, RawClient } from '../raw-client.mjs'

const program = fileURLToPath(new URL('idle-clients.mjs', import.meta.url))
const inboxes = 120
const eachBytesMax = 45_000

export const idleMemory = {
  name: 'memory of an idle TLS session in IDLE',
  goal: `≤ ${eachBytesMax / 1_000} KB each`,
  async run({ startOwn, quick, small }) {
    const sessions = quick ? 1_000 : 5_000
    const server = await startOwn({ inboxes })
    for (const user of server.users) await fillOne({ ...server, user }, small)
    await server.restart()
    const before = await idling(server, 20)
    await before.end()
    const base = await settledMemory(server.pid)
    const clients = await idling(server, sessions)
    const bytes = await settledMemory(server.pid)
    await clients.end()
    const each = (bytes - base) / sessions
    const note = `${sessions.toLocaleString('en')} sessions, ${mb(base)} before, ${mb(bytes)} with them`
    return { ours: `${(each / 1_000).toFixed(1)} KB`, met: each <= eachBytesMax, notes: [note] }
  },
}

const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`

async function fillOne(server, small) {
  const client = await RawClient.loggedIn(server)
  await client.commands([appendOf('INBOX', small.slice(0, 20))])
  client.end()
}

/** Clients in a process of their own. */
async function idling({ port, password, users }, count) {
  const child = fork(program, [JSON.stringify({ server: { port, password }, users, count })])
  const gone = new Promise((resolve) => child.once('exit', resolve))
  await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`the clients ended with ${code}`)))
  })
  return {
    async end() {
      child.disconnect()
      await gone
    },
  }
}
