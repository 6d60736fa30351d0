// Many mail clients in one process, forked by a trial: each logs in, selects its INBOX, reads the flags as clients do, and stays in
// IDLE until the parent goes. Says `ready` when all of them idle.

import { RawClient } from '../raw-client.mjs'

const atOnce = 32
const { server, users, count } = JSON.parse(process.argv[2])

process.on('disconnect', () => process.exit())
let next = 0
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    while (next < count) {
      const client = await RawClient.loggedIn({ ...server, user: users[next++ % users.length] }, 'INBOX')
      await client.command('UID FETCH 1:* (FLAGS)')
      await client.idle()
    }
  }),
)
process.send('ready')
