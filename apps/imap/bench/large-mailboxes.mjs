// Mailboxes of a given size, made of copies of the INBOX once for each server.

import { RawClient } from './raw-client.mjs'

const perCopyMax = 10_000

/** Its name. `size` is how many messages the INBOX has. */
export async function mailboxOf(count, { server, size }) {
  const name = `Of${count}`
  const client = await RawClient.loggedIn(server, 'INBOX')
  try {
    const isNew = await client.command(`CREATE ${name}`).then(
      () => true,
      () => false,
    )
    for (let made = 0; isNew && made < count; ) {
      const copied = Math.min(count - made, size, perCopyMax)
      await client.command(`COPY 1:${copied} ${name}`)
      made += copied
    }
    return name
  } finally {
    client.end()
  }
}
