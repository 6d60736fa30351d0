// Many clients at once, each doing what mail clients do, in a mix that is drawn by chance and is the same for every server and every
// turn. Five clients share an inbox, so that each hears what the others do. What is measured is how many commands all of them get
// answered in a second, and how long each waits.

import { appendOf, RawClient } from './raw-client.mjs'

const { makeCorpus, randomFrom } = await import(
  new URL('../../../packages/mailbox-store/bench/corpus.mjs', import.meta.url)
)

const messagesEach = 200

/** Out of a hundred. */
const mix = [
  [4, loginAgain],
  [6, ({ client }) => client.command('SELECT INBOX')],
  [15, ({ client }) => client.command(`UID FETCH 1:${messagesEach} (FLAGS)`)],
  [20, ({ client, random }) => client.command(`UID FETCH ${span(random, 20)} ${listed}`)],
  [
    25,
    ({ client, random }) => client.command(`UID FETCH ${1 + Math.floor(random() * messagesEach)} (FLAGS BODY.PEEK[])`),
  ],
  [
    12,
    ({ client, random }) => client.command(`UID STORE ${1 + Math.floor(random() * messagesEach)} ${flagged(random)}`),
  ],
  [6, ({ client }) => client.command('UID SEARCH UNSEEN')],
  [
    8,
    ({ client, random, small }) => client.commands([appendOf('INBOX', [small[Math.floor(random() * small.length)]])]),
  ],
  [4, idleAndOut],
]
const listed = '(UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])'

function span(random, length) {
  const from = 1 + Math.floor(random() * (messagesEach - length))
  return `${from}:${from + length - 1}`
}

const flagged = (random) => `${random() < 0.5 ? '+' : '-'}FLAGS (\\${random() < 0.5 ? 'Seen' : 'Flagged'})`

async function loginAgain(one) {
  await one.client.command('LOGOUT')
  one.client.end()
  one.client = await RawClient.loggedIn({ ...one.server, user: one.user }, 'INBOX')
}

async function idleAndOut({ client }) {
  await client.idle()
  const out = client.until((line) => line.startsWith('i OK'))
  client.write('DONE\r\n')
  await out
}

function drawn(random) {
  let left = random() * 100
  for (const [share, act] of mix) {
    left -= share
    if (left < 0) return act
  }
  throw new Error('the mix is less than a hundred')
}

export const mixedLoad = ({ small, clients: number, each }) => ({
  ...{ name: `mixed load, ${number} clients`, goal: 3, unit: 'per s', p99NoWorse: true },
  async prepare(server) {
    const message = makeCorpus({ seed: 2 })
    const mail = Array.from({ length: messagesEach }, (_, i) => message(i))
    for (const user of server.users) {
      const client = await RawClient.loggedIn({ ...server, user })
      await client.commands([appendOf('INBOX', mail)])
      client.end()
    }
    const people = []
    for (let i = 0; i < number; i++) {
      const user = server.users[i % server.users.length]
      people.push({ server, user, client: await RawClient.loggedIn({ ...server, user }, 'INBOX'), small })
    }
    return { people }
  },
  async run({ people }) {
    const waits = []
    await Promise.all(
      people.map(async (one, i) => {
        one.random = randomFrom(1 + i * 7919)
        for (let n = 0; n < each; n++) {
          const act = drawn(one.random)
          const started = performance.now()
          await act(one)
          waits.push(performance.now() - started)
        }
      }),
    )
    return { done: waits.length, waits }
  },
  async end({ people }) {
    for (const { client } of people) client.end()
  },
})
