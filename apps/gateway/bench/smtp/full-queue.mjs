// `node full-queue.mjs <folder> <recipients>`: a store with so many waiting recipients, 50 to a message, of which a fresh process
// claims 20 at a time and reports them. Prints the times of the claims, and the memory that the process has at the end.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openStore } from '@postern/mailbox-store'
import { letters } from './letters.mjs'
import { memoryBytes, percentile } from './others.mjs'

const [folder, recipients, isFilled] = process.argv.slice(2)
const perMessage = 50
const claims = 300
const store = await openStore({ folder })
if (isFilled === undefined) {
  await fill()
  await store.close()
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), folder, recipients, 'filled'],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(stderr)
  process.stdout.write(stdout)
} else {
  console.log(JSON.stringify(await claimed()))
  await store.close()
}

async function fill() {
  const { directory, outbox } = store
  const { environment } = await directory.ensureDefault({ tenant: 'bench', environment: 'bench' })
  const domain = await directory.createDomain({ environment: environment.id, name: 'example.test' })
  const inbox = await directory.createInbox({ domain: domain.id, address: 'me@example.test' })
  const letter = letters({ from: inbox.address, to: 'many@away.example.test', size: 4_096 })
  for (let at = 0; at < Number(recipients); at += perMessage) {
    const addresses = Array.from({ length: perMessage }, (_, i) => `r${at + i}@d${(at + i) % 1_000}.example.test`)
    await outbox.submit({
      ...{ sender: inbox.address, account: inbox.id, sentCopy: { account: inbox.id }, body: '7bit' },
      ...{ message: await store.stage(Uint8Array.from(letter())), internalDate: Math.floor(Date.now() / 1_000) },
      recipients: addresses.map((address) => ({ address })),
    })
  }
}

async function claimed() {
  const { outbox } = store
  const waits = []
  for (let i = 0; i < claims; i++) {
    const asked = performance.now()
    const found = await outbox.claim({ owner: 'bench', limit: 20, leaseMs: 60_000 })
    waits.push(performance.now() - asked)
    for (const { id } of found)
      await outbox.report({
        id,
        owner: 'bench',
        outcome: { kind: 'delivered', code: '250', text: 'Ok', remote: 'bench' },
      })
  }
  return { p50Ms: percentile(waits, 0.5), p99Ms: percentile(waits, 0.99), bytes: memoryBytes(process.pid) }
}
