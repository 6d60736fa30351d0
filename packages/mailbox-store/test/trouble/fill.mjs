// Fills the disk that the folder is on, frees some of it again, and reports what it was told, as one JSON object.

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '@postern/mailbox-store'

const folder = process.argv[2]
const ballast = join(folder, 'ballast')
const told = { codes: [], acknowledged: 0 }
writeFileSync(ballast, Buffer.alloc(2_000_000))

async function home(store) {
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const domain =
    (await store.directory.findDomain('example.test')) ??
    (await store.directory.createDomain({ environment: environment.id, name: 'example.test' }))
  const found = await store.directory.findAddress('alice@example.test')
  const inbox =
    found?.inbox ?? (await store.directory.createInbox({ domain: domain.id, address: 'alice@example.test' }))
  const alice = store.account(inbox.id)
  return { alice, inbox: (await alice.mailbox('INBOX')).id }
}
const mail = (size) => new TextEncoder().encode(`Subject: fill\r\n\r\n${'x'.repeat(size)}\r\n`)

let store = await openStore({ folder: join(folder, 'data') })
let { alice, inbox } = await home(store)
for (const size of [20_000, 200_000, 20_000]) {
  for (let i = 0; i < 2_000; i++) {
    try {
      await alice.append(inbox, [{ message: mail(size) }])
      told.acknowledged++
    } catch (error) {
      told.codes.push(error.code ?? error.message)
      told.fix = error.fix
      break
    }
  }
}
told.kept = (await alice.status(inbox)).messages
rmSync(ballast)
await alice.append(inbox, [{ message: mail(100) }])
told.acknowledged++
await alice.setFlags(inbox, [[1, 3]], { how: 'add', flags: { system: 1, keywords: ['after'] } })
await store.close()
store = await openStore({ folder: join(folder, 'data') })
;({ alice, inbox } = await home(store))
told.after = (await alice.status(inbox)).messages
told.findings = await store.maintenance.verify()
await store.close()
console.log(JSON.stringify(told))
