// The clients, in a process of their own: so many lanes, each of which does one thing after the other until the time is over.

import { RawClient } from '../smtp/others.mjs'

const fetched = 'FETCH 1:200 (FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (REFERENCES)])'

const works = {
  async logins(server, { lane, isOver }) {
    let done = 0
    for (; !isOver(); done++) {
      const client = await RawClient.loggedIn({ ...server, user: server.users[(lane + done) % server.users.length] })
      client.end()
    }
    return done
  },
  async fetch(server, { lane, isOver }) {
    const client = await RawClient.loggedIn({ ...server, user: server.users[lane % server.users.length] }, 'INBOX')
    let done = 0
    for (; !isOver(); done++) await client.command(fetched)
    client.end()
    return done * 200
  },
}

process.on('message', async ({ id, kind, server, lanes, seconds }) => {
  const endsAt = performance.now() + seconds * 1_000
  const isOver = () => performance.now() >= endsAt
  const begun = process.cpuUsage()
  try {
    const all = Array.from({ length: lanes }, (_, lane) => works[kind](server, { lane, isOver }))
    const done = (await Promise.all(all)).reduce((sum, each) => sum + each, 0)
    const { user, system } = process.cpuUsage(begun)
    process.send({ id, value: { done, cpuMs: (user + system) / 1_000 } })
  } catch (error) {
    process.send({ id, error: error.message })
  }
})
