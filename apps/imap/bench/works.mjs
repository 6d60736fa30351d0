// What is measured. A work is prepared once for each server, then run again and again; a run returns how many units it
// did, or, where the units are waits, the waits in milliseconds (turns.mjs). `goal` is the ratio of Postern's speed to Dovecot's. A
// new work is one line in the list at the end.

import { mailboxOf } from './large-mailboxes.mjs'
import { mixedLoad } from './mixed-load.mjs'
import { appendOf, RawClient } from './raw-client.mjs'
import { resyncs } from './resync.mjs'

/** The same command again and again on one selected mailbox: so many times, and as long as that takes less than `forMs`. */
const repeated = (name, command, { goal, unit = 'per s', times = 1, forMs = 0, each = 1, mailbox = 'INBOX' }) => ({
  ...{ name, goal, unit },
  prepare: (server) => RawClient.loggedIn(server, mailbox),
  async run(client) {
    const started = performance.now()
    let done = 0
    while (done < times || performance.now() - started < forMs) {
      await client.command(command)
      done++
    }
    return done * each
  },
})

const appending = (size, messages, { clients: number, count, goal }) => ({
  ...{ name: `APPEND ${size}, ${number} client${number > 1 ? 's' : ''}`, goal, unit: 'per s' },
  async prepare(server) {
    const clients = await Promise.all(Array.from({ length: number }, () => RawClient.loggedIn(server)))
    await clients[0].command('CREATE Appends').catch(() => undefined)
    return clients
  },
  async run(clients) {
    let next = 0
    await Promise.all(
      clients.map(async (client) => {
        while (next < count) await client.commands([appendOf('Appends', [messages[next++ % messages.length]])])
      }),
    )
    return count
  },
})

const logins = (sessions) => ({
  ...{ name: 'login + select + logout, 8 clients', goal: 4, unit: 'per s' },
  prepare: async (server) => server,
  async run(server) {
    let left = sessions
    const one = async () => {
      while (left-- > 0) {
        const client = await RawClient.loggedIn(server, 'INBOX')
        await client.command('LOGOUT')
        client.end()
      }
    }
    await Promise.all(Array.from({ length: 8 }, one))
    return sessions
  },
})

/** The same command, on or in a mailbox that is made of so many copies; `$` in it stands for the mailbox's name. */
const repeatedOf = (count, name, command, { goal, unit, times, each = 1, size, isSelected = false }) => ({
  ...{ name, goal, unit },
  async prepare(server) {
    const mailbox = await mailboxOf(count, { server, size })
    const client = await RawClient.loggedIn(server, isSelected ? mailbox : undefined)
    return { client, command: command.replace('$', mailbox) }
  },
  async run(state) {
    for (let i = 0; i < times; i++) await state.client.command(state.command)
    return times * each
  },
})

/** Flags that are set in one run and removed in the next, so that each run changes something. */
const storing = (name, commands, { goal, each }) => ({
  ...{ name, goal, unit: 'per s' },
  prepare: async (server) => ({ client: await RawClient.loggedIn(server, 'INBOX'), sign: '+' }),
  async run(state) {
    await state.client.commands(commands(state.sign))
    state.sign = state.sign === '+' ? '-' : '+'
    return each
  },
})

const copying = (count) => ({
  ...{ name: `COPY of ${count.toLocaleString('en')}`, goal: 8, unit: 'per s' },
  prepare: async (server) => ({ client: await RawClient.loggedIn(server, 'INBOX'), made: 0 }),
  before: ({ client, made }) => client.command(`CREATE Copies${made}`),
  async run(state) {
    await state.client.command(`COPY 1:${count} Copies${state.made}`)
    return count
  },
  async after(state) {
    await state.client.command(`DELETE Copies${state.made++}`)
  },
})

/** Each run moves copies of its own, which are made before it. */
const moving = (count) => ({
  ...{ name: `MOVE of ${count.toLocaleString('en')}`, goal: 8, unit: 'per s' },
  prepare: async (server) => ({ client: await RawClient.loggedIn(server, 'INBOX'), made: 0 }),
  async before({ client, made }) {
    for (const command of [
      `CREATE From${made}`,
      `CREATE To${made}`,
      `COPY 1:${count} From${made}`,
      `SELECT From${made}`,
    ])
      await client.command(command)
  },
  async run({ client, made }) {
    await client.command(`MOVE 1:${count} To${made}`)
    return count
  },
  async after(state) {
    const { client, made } = state
    for (const command of ['SELECT INBOX', `DELETE From${made}`, `DELETE To${made}`]) await client.command(command)
    state.made++
  },
})

const delivery = (count, { small }) => ({
  ...{ name: 'delivery to EXISTS in IDLE', goal: undefined, unit: 'ms', p99AtMost: 10 },
  async prepare(server) {
    const [sender, reader] = await Promise.all([RawClient.loggedIn(server), RawClient.loggedIn(server)])
    await sender.command('CREATE Delivered')
    await reader.command('SELECT Delivered')
    await reader.idle()
    return { sender, reader, delivered: 0, isSlow: server.name === 'Dovecot' }
  },
  /** A server that waits half a second each time is asked less often. */
  async run(state) {
    const { sender, reader, isSlow } = state
    const waits = []
    for (let i = 0; i < (isSlow ? Math.ceil(count / 16) : count); i++) {
      const heard = reader.untilExists(++state.delivered)
      const started = performance.now()
      const [answer] = await Promise.all([sender.commands([appendOf('Delivered', [small[i]])]), heard])
      if (answer) waits.push(performance.now() - started)
    }
    return waits
  },
})

export function works({ size, words, small, large, quick }) {
  const first = '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)'
  const rows = { unit: 'rows/s', each: size }
  // A turn of a millisecond or two would measure the scheduler.
  const searches = { unit: 'per s', forMs: 50 }
  const bodies = Array.from({ length: size }, (_, i) => `UID FETCH ${i + 1} BODY.PEEK[]`)
  return [
    logins(quick ? 40 : 120),
    repeated('UID FETCH 1:* (FLAGS)', 'UID FETCH 1:* (FLAGS)', { ...rows, goal: 3, times: quick ? 5 : 10 }),
    repeatedOf(100_000, 'UID FETCH 1:* (FLAGS) of 100,000', 'UID FETCH 1:* (FLAGS)', {
      ...{ size, isSelected: true, goal: 3, unit: 'rows/s', times: 1, each: 100_000 },
    }),
    repeated('first sync', `UID FETCH 1:* ${first}`, { ...rows, goal: 5 }),
    repeated('header fields', 'UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])', { ...rows, goal: 5 }),
    {
      ...{ name: 'full download, a pipelined BODY.PEEK[] each', goal: 4, unit: 'MB/s' },
      prepare: (server) => RawClient.loggedIn(server, 'INBOX'),
      async run(client) {
        const before = client.bytes
        await client.commands(bodies)
        return (client.bytes - before) / 1e6
      },
    },
    {
      ...{ name: 'full download, one UID FETCH 1:* BODY.PEEK[]', goal: 4, unit: 'MB/s' },
      prepare: (server) => RawClient.loggedIn(server, 'INBOX'),
      async run(client) {
        const before = client.bytes
        await client.command('UID FETCH 1:* BODY.PEEK[]')
        return (client.bytes - before) / 1e6
      },
    },
    repeated('SEARCH TEXT, a rare word', `SEARCH TEXT ${words.rare}`, { ...searches, goal: 250 }),
    repeated('SEARCH TEXT, a common word', `SEARCH TEXT ${words.common}`, { ...searches, goal: 30 }),
    repeated('SEARCH SUBJECT', `SEARCH SUBJECT ${words.subject}`, { ...searches, goal: 8 }),
    repeated('SEARCH FROM', `SEARCH FROM ${words.subject}`, { ...searches, goal: 8 }),
    repeated('SEARCH SINCE', 'SEARCH SINCE 15-Feb-2026', { ...searches, goal: 50 }),
    repeated('SEARCH SENTSINCE', 'SEARCH SENTSINCE 15-Feb-2026', searches),
    repeated('SEARCH UNSEEN', 'SEARCH UNSEEN', { ...searches, goal: 1.5 }),
    repeated('SORT (DATE)', 'SORT (DATE) UTF-8 ALL', { ...searches, goal: 3 }),
    repeated('SORT (SUBJECT)', 'SORT (SUBJECT) UTF-8 ALL', { ...searches, goal: 3 }),
    repeated('THREAD REFERENCES', 'THREAD REFERENCES UTF-8 ALL', { ...searches, goal: 3 }),
    repeated('THREAD ORDEREDSUBJECT', 'THREAD ORDEREDSUBJECT UTF-8 ALL', { ...searches, goal: 3 }),
    appending('4 KB', small, { clients: 1, count: quick ? 60 : 200, goal: 2.5 }),
    appending('4 KB', small, { clients: 8, count: quick ? 160 : 480, goal: 5 }),
    appending('4 KB', small, { clients: 32, count: quick ? 320 : 960, goal: 8 }),
    appending('100 KB', large, { clients: 1, count: quick ? 40 : 120, goal: 1.8 }),
    appending('100 KB', large, { clients: 8, count: quick ? 80 : 240, goal: 1.8 }),
    storing(
      'STORE of one, pipelined',
      (sign) => Array.from({ length: 1_000 }, (_, i) => `UID STORE ${i + 1} ${sign}FLAGS.SILENT (\\Flagged)`),
      { goal: 1.2, each: 1_000 },
    ),
    {
      ...storing('STORE of one, each awaited', undefined, { goal: 1.5 }),
      async run(state) {
        for (let i = 1; i <= 200; i++) await state.client.command(`UID STORE ${i} ${state.sign}FLAGS.SILENT (\\Draft)`)
        state.sign = state.sign === '+' ? '-' : '+'
        return 200
      },
    },
    storing('STORE 1:*', (sign) => [`STORE 1:* ${sign}FLAGS.SILENT (\\Answered)`], { goal: 0.7, each: size }),
    copying(1_000),
    moving(1_000),
    ...[1_000, 10_000, 100_000].map((count) =>
      repeatedOf(count, `SELECT of ${count.toLocaleString('en')}`, 'SELECT $', {
        ...{ size, goal: 1.5, unit: 'per s', times: quick ? 50 : 200 },
      }),
    ),
    ...resyncs({ size, times: quick ? 50 : 200 }),
    mixedLoad({ size, small, clients: 50, each: quick ? 20 : 40 }),
    delivery(quick ? 32 : 64, { small }),
  ]
}
