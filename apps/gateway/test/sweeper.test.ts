// The clock behind the cleaning, on a real store: audit rows go when they are as old as the setting says.

import { openStore } from '@postern/mailbox-store'
import { createLogger } from '@postern/telemetry'
import { expect, test } from 'vitest'
import { createSweeper } from '../src/parts/sweeper.js'
import { newFolder } from './gateway-process.js'

const dayMs = 86_400_000

test('the audit log keeps its rows as long as it is told', async () => {
  let now = 1_800_000_000_000
  const store = await openStore({ folder: newFolder(), now: () => now })
  const note = (object: string) => store.directory.appendAudit({ action: 'mail.export', object })
  await note('first')
  now += 4 * dayMs
  await note('second')
  now += 6 * dayMs + 1
  const sweeper = createSweeper({
    store: () => store,
    isKeeper: () => true,
    auditDays: 10,
    clock: () => now,
    logger: createLogger({ level: 'silent', secrets: [] }),
  })
  await sweeper.start?.()
  const objects = async () => (await store.directory.listAudit()).items.map(({ object }) => object)
  await expect.poll(objects).toEqual(['second'])
  await sweeper.stop?.()
  await store.close()
})
