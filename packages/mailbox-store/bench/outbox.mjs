// The outbox's rows of `npm run bench:store`: what a submission costs, and a claim from a long queue.

import { openStore } from '@postern/mailbox-store'

const waiting = 100_000
const perSubmission = 1_000
const claims = 100

export async function measureOutbox({ folder, message, report, callers, median }) {
  const store = await openStore({ folder, onError: (error) => console.error(error) })
  const { environment } = await store.directory.ensureDefault({ tenant: 'bench', environment: 'bench' })
  const domain = await store.directory.createDomain({ environment: environment.id, name: 'example.test' })
  const { id: account } = await store.directory.createInbox({ domain: domain.id, address: 'alice@example.test' })
  const submit = async (i, recipients) =>
    store.outbox.submit({
      account,
      sender: 'alice@example.test',
      recipients,
      message: await store.stage(message(i, { size: 4_096 })),
      sentCopy: { account },
      internalDate: 1_800_000_000,
      body: '7bit',
    })

  const rates = []
  for (let run = 0; run < 5; run++)
    rates.push(await callers(32, 1_000, (i) => submit(run * 1_000 + i, [{ address: `r${i}@remote.test` }])))
  report('submit 4 KB to one recipient with its Sent copy, 32 callers', median(rates), { unit: '/s' })

  for (let i = 0; i < waiting / perSubmission; i++) {
    const recipient = (n) => ({ address: `r${n}@d${(i * 7 + n) % 500}.test` })
    await submit(
      10_000 + i,
      Array.from({ length: perSubmission }, (_, n) => recipient(n)),
    )
  }
  const claim = (domainsBusy) => store.outbox.claim({ owner: 'relay', limit: 20, leaseMs: 60_000, domainsBusy })
  const busy = Array.from({ length: 200 }, (_, n) => `d${n}.test`)
  await claim(busy)
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  for (const [what, domainsBusy] of [
    ['claim 20 of 100,000 that wait', []],
    ['  with 200 of 500 domains busy', busy],
  ]) {
    const times = []
    for (let i = 0; i < claims; i++) {
      const started = performance.now()
      await claim(domainsBusy)
      times.push(performance.now() - started)
    }
    report(what, median(times), { unit: 'ms', atMost: 5 })
  }
  report('  memory that it takes', Math.max(0, process.memoryUsage().rss - before) / 1e6, { unit: 'MB', atMost: 32 })
  await store.close()
}
