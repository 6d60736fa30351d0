// The write-ahead log while writers never rest: it starts over in the room that it has and doesn't grow without end.

import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@postern/mailbox-store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Connection } from '../src/sqlite/connection.js'
import { mail, settle } from './contract/engine.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-wal-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Far more than is carried over at a time, far less than where writers are held up until all of it is. */
const pagesMax = 24_000
const appendsMax = 4_000

test('where another program makes the checkpoints nobody here makes one, and only the owner may read', async () => {
  chmodSync(folder, 0o755)
  const { store, alice, inbox } = await settle(await openStore({ folder, checkpoints: false }))
  const db = new Connection({ path: join(folder, 'postern.sqlite'), readonly: true })
  const carried = (): number => (db.prepareRaw('PRAGMA wal_checkpoint(NOOP)').get() as [number, number, number])[2]
  const large = mail('large', { body: 'x'.repeat(60_000) })
  for (let i = 0; i < 30; i++)
    await alice.append(
      inbox,
      Array.from({ length: 10 }, () => ({ message: large })),
    )
  await store.maintenance.indexed()
  expect(statSync(join(folder, 'postern.sqlite-wal')).size).toBeGreaterThan(2_048 * 4_096)
  expect(carried()).toBe(0)
  for (const name of ['postern.sqlite', 'postern.sqlite-wal', 'search.sqlite'])
    expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0)
  db.close()
  await store.close()
})

test('the log starts over while writers never rest', { timeout: 60_000 }, async () => {
  const { store, alice, inbox } = await settle(await openStore({ folder }))
  const db = new Connection({ path: join(folder, 'postern.sqlite') })
  const pages = (): number => (db.prepareRaw('PRAGMA wal_checkpoint(NOOP)').get() as [number, number])[1]
  const message = mail('large', { body: 'x'.repeat(100_000) })
  let most = 0
  let startedOver = false
  const writer = async (): Promise<void> => {
    for (let i = 0; i < appendsMax / 2 && !startedOver; i++) {
      await alice.append(inbox, [{ message }])
      const now = pages()
      startedOver = now < most
      most = Math.max(most, now)
    }
  }
  try {
    await Promise.all([writer(), writer()])
    expect(startedOver).toBe(true)
    expect(most).toBeLessThan(pagesMax)
  } finally {
    db.close()
    await store.close()
  }
})
