// Puts messages into an inbox under legal hold and removes them again, in every way there is, until it's killed; says what it was
// answered. Run by held.test.ts.

import { openStore } from '@postern/mailbox-store'
import { keyed } from './keyed.mjs'

const [folder, round] = process.argv.slice(2)
const store = await openStore({ folder })
const { inbox } = await store.directory.findAddress('alice@example.test')
const alice = store.account(inbox.id)
const box = (await alice.mailbox('INBOX')).id
const say = (what, keys) => process.stdout.write(keys.map((key) => `${what} ${key}\n`).join(''))

for (let n = 0; ; n++) {
  const keys = [1, 2, 3].map((i) => `r${round}-${n}-${i}`)
  const { uids } = await alice.append(
    box,
    keys.map((key, i) => ({ message: keyed(key, n % 5 === 0 && i === 0 ? 150_000 : 500) })),
  )
  say('put', keys)
  await alice.setFlags(box, [[uids[0], uids[0]]], { how: 'add', flags: { system: 8, keywords: [] } })
  await alice.expunge(box, [[uids[0], uids[0]]])
  say('removed', keys.slice(0, 1))
  await alice.replace(box, uids[1], box, { message: keyed(`${keys[1]}-new`, 500) })
  say('removed', keys.slice(1, 2))
  const folderId = await alice.createMailbox(`F${round}-${n}`)
  await alice.move(box, [[uids[2], uids[2]]], folderId)
  await alice.deleteMailbox(folderId)
  say('removed', keys.slice(2))
}
