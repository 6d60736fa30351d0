// Sessions in IDLE on all workers, and mail that comes into their inboxes, one message after the other: from the APPEND's last byte
// to the EXISTS at every session. With Redis its commands are counted, those that come with every message.

import { setTimeout as sleep } from 'node:timers/promises'
import { percentile, RawClient } from '../smtp/others.mjs'

const asOnce = 20
const paceMs = 100

export async function news(name, { server, sessions, messages, redis }) {
  const rooms = server.users.map((user) => ({ user, readers: [], count: 0 }))
  try {
    for (let from = 0; from < sessions; from += asOnce)
      await Promise.all(
        Array.from({ length: Math.min(asOnce, sessions - from) }, async (_, i) => {
          const room = rooms[(from + i) % rooms.length]
          const reader = await RawClient.loggedIn({ ...server, user: room.user }, 'INBOX')
          await reader.idle()
          room.readers.push(reader)
        }),
      )
    const writers = await Promise.all(rooms.slice(0, 4).map(({ user }) => RawClient.loggedIn({ ...server, user })))
    for (const [i, writer] of writers.entries()) Object.assign(rooms[i], { writer })
    for (const [i, room] of rooms.entries())
      room.writer ??= await RawClient.loggedIn({ ...server, user: rooms[i].user })
    await deliver(rooms[0])
    const calls = await commandsOf(redis)
    const waits = []
    for (let n = 0; n < messages; n++) {
      waits.push(...(await deliver(rooms[n % rooms.length])))
      await sleep(paceMs)
    }
    const perMessage = ((await commandsOf(redis)) - calls) / messages
    return row(name, { waits, sessions, redis, perMessage })
  } finally {
    for (const { readers, writer } of rooms) for (const client of [...readers, writer]) client?.end()
  }
}

async function deliver(room) {
  const mail = Buffer.from(`From: a@example.net\r\nSubject: news ${room.count}\r\n\r\nHello.\r\n`)
  room.count++
  const begun = performance.now()
  const heard = room.readers.map((reader) =>
    reader
      .until((_line, tail) => tail.includes(' EXISTS\r\n') && tail.includes(`* ${room.count} EXISTS\r\n`))
      .then(() => performance.now() - begun),
  )
  await room.writer.append('INBOX', [mail])
  return Promise.all(heard)
}

/** All but those that ask how Redis is. */
async function commandsOf(redis) {
  if (redis === undefined) return 0
  const stats = await redis.ask('INFO', 'commandstats')
  return [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
    .filter(([, name]) => !/^(?:ping|info|config|client|command|select|hello)/.test(name))
    .reduce((sum, [, , calls]) => sum + Number(calls), 0)
}

function row(name, { waits, sessions, redis, perMessage }) {
  const [p50, p99] = [percentile(waits, 0.5), percentile(waits, 0.99)]
  const isMet = p99 <= 200 && perMessage <= 3
  return {
    ...{ name: `${name}, ${sessions.toLocaleString('en')} sessions`, met: isMet, goal: 'p99 ≤ 200 ms' },
    ours: `${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
    notes: redis === undefined ? [] : [`${perMessage.toFixed(2)} commands of Redis a message (goal ≤ 3)`],
  }
}
