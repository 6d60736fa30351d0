// What is measured beside Postfix (../../../imap/bench/turns.mjs). `goal` is the ratio of Postern's speed to Postfix's. A new work is one
// line in the list at the end.

import { SmtpClient } from './client.mjs'
import { letters } from './letters.mjs'

const plural = (number) => `${number} client${number > 1 ? 's' : ''}`
const to = 'friend@away.example.test'

const standing = (what, { load, clients, size, forMs, goal }) => ({
  ...{ name: `${what} from ${plural(clients)}`, goal, unit: 'per s' },
  async prepare({ name, door, tidy }) {
    const pool = `${name}, ${what}, ${clients}`
    await load.order('open', { pool, server: door, clients, size })
    return { pool, tidy }
  },
  run: ({ pool }) => load.order('send', { pool, forMs }),
  after: ({ tidy }) => tidy(),
  end: ({ pool }) => load.order('close', { pool }),
})

const visiting = ({ load, clients, size, forMs, goal }) => ({
  ...{ name: `connection each: 4 KB from ${plural(clients)}`, goal, unit: 'per s' },
  prepare: async ({ door, tidy }) => ({ door, tidy }),
  run: ({ door }) => load.order('visit', { server: door, clients, size, forMs }),
  after: ({ tidy }) => tidy(),
})

/**
 * Each reply to a client that is alone and awaits it, as a library does that knows no pipelining and writes the final dot by itself. Its
 * own writes go out at once: with Nagle's algorithm the dot waits 40 ms in the client's kernel for an ACK that the server's kernel keeps
 * back, whoever the server is. What is measured is the server, which mustn't have its own replies wait in that way: so it's reached
 * where ACKs aren't prompt.
 */
const lone = ({ messages }) => ({
  ...{ name: 'each reply to a lone client, p50 / p99', unit: 'ms', p99AtMost: 20 },
  async prepare({ name, door, tidy }) {
    const client = await SmtpClient.loggedIn({ ...door, host: name === 'Postern' ? '127.0.0.1' : door.host })
    return { client, from: door.from, letter: letters({ from: door.from, to, size: 4_096 }), tidy }
  },
  async run({ client, from, letter }) {
    const waits = []
    const timed = async (asking) => {
      const asked = performance.now()
      await asking
      waits.push(performance.now() - asked)
    }
    for (let i = 0; i < messages; i++) {
      await timed(client.say(`MAIL FROM:<${from}>`, 250))
      await timed(client.say(`RCPT TO:<${to}>`, 250))
      await timed(client.say('DATA', 354))
      const message = letter()
      client.write(message.subarray(0, -5))
      await timed(client.say('\r\n.', 250))
    }
    return waits
  },
  after: ({ tidy }) => tidy(),
  end: ({ client }) => client.end(),
})

export function works({ load, quick }) {
  const forMs = quick ? 400 : 1_000
  const [small, large] = [4_096, 1_048_576]
  const goals = (what) => [1, 16, 64].map((clients, i) => [clients, what[i]])
  return [
    ...goals([1.2, 1.8, 1.6]).map(([clients, goal]) => visiting({ load, clients, size: small, forMs, goal })),
    ...goals([2, 5, 7]).map(([clients, goal]) =>
      standing('standing: 4 KB', { load, clients, size: small, forMs, goal }),
    ),
    ...goals([1.1, 1.1, 1.1]).map(([clients, goal]) =>
      standing('standing: 1 MB', { load, clients, size: large, forMs: 2 * forMs, goal }),
    ),
    lone({ messages: quick ? 20 : 50 }),
  ]
}
