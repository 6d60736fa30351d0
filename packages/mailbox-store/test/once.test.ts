// What came once is remembered for two days, and then goes with the sweep.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openStore, type Store } from '../src/index.js'

let store: Store
let folder: string

afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

test('the sweep forgets what is older than two days, and nothing younger', async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-once-'))
  let now = 1_800_000_000_000
  store = await openStore({ folder, now: () => now })
  const once = (id: string) => ({ scope: 's', id, digest: new Uint8Array(32) })
  for (let n = 0; n < 501; n++) await store.outbox.rememberAnswer(once(`old${n}`))
  now += 86_400_000
  await store.outbox.rememberAnswer(once('young'))
  while (await store.maintenance.sweep());
  expect(await store.outbox.answered(once('old0'))).toBeDefined()
  now += 86_400_000
  while (await store.maintenance.sweep());
  expect(await store.outbox.answered(once('old0'))).toBeUndefined()
  expect(await store.outbox.answered(once('old500'))).toBeUndefined()
  expect(await store.outbox.answered(once('young'))).toBeDefined()
})
