// The clients, in a process of their own, so that the measured server never waits for whoever measures. Orders come from
// load-process.mjs: `open` makes clients that stay, `send` has them send for a while, `visit` does the same with a new connection for
// each message, `bring` sends so many as another server does, `close` ends them.

import { SmtpClient } from './client.mjs'
import { letters } from './letters.mjs'

const to = 'friend@away.example.test'
const pools = new Map()

const orders = {
  async open({ pool, server, clients, size }) {
    const { from } = server
    const one = async () => ({ client: await SmtpClient.loggedIn(server), letter: letters({ from, to, size }), from })
    pools.set(pool, await Promise.all(Array.from({ length: clients }, one)))
  },

  async send({ pool, forMs }) {
    return until(performance.now() + forMs, pools.get(pool), ({ client, letter, from }) =>
      client.send({ from, to, message: letter() }),
    )
  },

  async visit({ server, clients, size, forMs }) {
    const { from } = server
    const visitors = Array.from({ length: clients }, () => letters({ from, to, size }))
    return until(performance.now() + forMs, visitors, async (letter) => {
      const client = await SmtpClient.loggedIn(server)
      await client.send({ from, to, message: letter() })
      await client.quit()
    })
  },

  async bring({ server, clients, size, to, messages }) {
    const from = 'bench@example.org'
    let left = messages
    const one = async () => {
      const [client, letter] = [await SmtpClient.ofServer(server), letters({ from, to: 'bench', size })]
      while (left-- > 0) await client.send({ from, to, message: letter() })
      await client.quit()
    }
    await Promise.all(Array.from({ length: clients }, one))
    return messages
  },

  async close({ pool }) {
    for (const { client } of pools.get(pool)) client.end()
    pools.delete(pool)
  },
}

/** How many were done. */
async function until(endsAt, workers, work) {
  let done = 0
  await Promise.all(
    workers.map(async (worker) => {
      while (performance.now() < endsAt) {
        await work(worker)
        done++
      }
    }),
  )
  return done
}

process.on('message', async ({ id, kind, ...order }) => {
  try {
    process.send({ id, value: await orders[kind](order) })
  } catch (error) {
    process.send({ id, error: error.message })
  }
})
