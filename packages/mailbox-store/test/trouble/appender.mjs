// A second process on the same store: appends as told, at once with the first.

import { openStore } from '@postern/mailbox-store'

const [folder, count] = process.argv.slice(2)
const store = await openStore({ folder })
const found = await store.directory.findAddress('alice@example.test')
const alice = store.account(found.inbox.id)
const { id } = await alice.mailbox('INBOX')
const message = (i) => new TextEncoder().encode(`Subject: other${i}\r\n\r\nother\r\n`)
const uids = await Promise.all(
  Array.from({ length: Number(count) }, async (_, i) => (await alice.append(id, [{ message: message(i) }])).uids[0]),
)
await alice.setFlags(id, [[uids[0], uids[0]]], { how: 'add', flags: { system: 4, keywords: ['other'] } })
await store.close()
console.log(JSON.stringify(uids))
