// Whom a rule has answered: so many at the most, and for so long.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { databaseName, openStore } from '../src/index.js'

const dayMs = 86_400_000
const rule = 'rul_00000000000000000000'

async function town() {
  const folder = await mkdtemp(join(tmpdir(), 'postern-replied-'))
  const clock = { now: 1_800_000_000_000 }
  const store = await openStore({ folder, now: () => clock.now })
  const db = new Database(join(folder, databaseName))
  onTestFinished(async () => {
    db.close()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  const { environment } = await store.directory.ensureDefault({ tenant: 't', environment: 'e' })
  const domain = await store.directory.createDomain({ environment: environment.id, name: 'example.test' })
  const { id: account } = await store.directory.createInbox({ domain: domain.id, address: 'ada@example.test' })
  await store.directory.addRules(account, { rules: [{ publicId: rule, name: 'away', body: '{}' }] })
  const fill = (count: number): void => {
    db.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
       INSERT INTO replied SELECT (SELECT id FROM rule), i || '@x.test', ${clock.now} FROM n`,
    ).run()
  }
  const answer = async (to: string): Promise<number> => {
    const message = await store.stage(randomBytes(20))
    const reply = { rule, withinMs: dayMs }
    await store.outbox.deliver({
      ...{ message, internalDate: 1, recipients: [] },
      sentOn: [{ account, sender: '', recipients: [to], message, body: '7bit', keep: false, foreign: false, reply }],
    })
    return (await store.outbox.list()).items.length
  }
  const rows = (): unknown => db.prepare('SELECT count(*) FROM replied').pluck().get()
  return { store, clock, fill, answer, rows }
}

test('a rule answers ten thousand within its days, and then nobody', async () => {
  const { clock, fill, answer } = await town()
  fill(9_999)
  expect(await answer('a@y.test')).toBe(1)
  expect(await answer('b@y.test')).toBe(1)
  clock.now += dayMs + 1
  expect(await answer('b@y.test')).toBe(2)
})

test('the sweep forgets who was answered ninety days ago, and nobody younger', async () => {
  const { store, clock, fill, answer, rows } = await town()
  fill(501)
  clock.now += 89 * dayMs
  await answer('young@y.test')
  while (await store.maintenance.sweep());
  expect(rows()).toBe(502)
  clock.now += dayMs
  while (await store.maintenance.sweep());
  expect(rows()).toBe(1)
})
