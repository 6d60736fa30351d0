// The outbox's contract suite on SQLite, and what only SQLite can answer: query plans, and a full queue.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dueOfDomainSql, dueSql, nextDomainSql } from '../src/sqlite/outbox-claim.js'
import { prepared } from './contract/bench.js'
import { onceContract } from './contract/once.js'
import { outboxContract } from './contract/outbox.js'
import { sendingCountsContract } from './contract/sending-counts.js'
import { sentOnContract } from './contract/sent-on.js'
import { makeSqliteBench, type SqliteBench } from './fixture-directory.js'

describe('outbox on SQLite', () => outboxContract(makeSqliteBench))
describe('once on SQLite', () => onceContract(makeSqliteBench))
describe('sent on by inboxes, on SQLite', () => sentOnContract(makeSqliteBench))
describe('sending counts on SQLite', () => sendingCountsContract(makeSqliteBench))

describe('a queue of 100,000', () => {
  let bench: SqliteBench
  beforeEach(async () => {
    bench = await makeSqliteBench()
  })
  afterEach(() => bench.destroy())

  const plan = (sql: string, ...values: (string | number)[]): string =>
    bench.db
      .all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...values)
      .map(({ detail }) => detail)
      .join('; ')

  test.each([
    [dueSql, [0, 1], 'SEARCH outbox USING COVERING INDEX outbox_due (next_try_at<?)'],
    [nextDomainSql, [''], 'SEARCH outbox USING COVERING INDEX outbox_by_domain (domain>?)'],
    [dueOfDomainSql, ['', 0, 1], 'SEARCH outbox USING COVERING INDEX outbox_by_domain (domain=? AND next_try_at<?)'],
    [
      "SELECT 1 FROM outbox WHERE state = 'leased' AND lease_until <= ? LIMIT 1",
      [0],
      'SEARCH outbox USING COVERING INDEX outbox_leased (lease_until<?)',
    ],
    [
      'SELECT * FROM credential_secret found JOIN credential ON credential.id = found.credential WHERE public_part = ?',
      [''],
      'SEARCH found USING PRIMARY KEY (public_part=?); SEARCH credential USING INTEGER PRIMARY KEY (rowid=?)',
    ],
    [
      'SELECT id FROM inbox WHERE id > ? AND environment = ? ORDER BY id LIMIT ?',
      [0, 1, 1],
      'SEARCH inbox USING COVERING INDEX inbox_by_environment (environment=? AND id>?)',
    ],
  ])('%s', (sql, values, expected) => {
    expect(plan(sql, ...values)).toBe(expected)
  })

  /** All due, the first `busy` of them to one domain. */
  const fill = (count: number, busy: number): void => {
    bench.db.raw
      .prepare(
        `INSERT INTO submission (queue_id, sender, message, require_tls, body, created_at) VALUES ('q', '', 1, 0, '7bit', 0)`,
      )
      .run()
    bench.db.raw
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
         INSERT INTO outbox (submission, recipient, domain, state, attempts, next_try_at, delay_told)
         SELECT 1, 'x' || i || '@d', CASE WHEN i <= ${busy} THEN 'busy.test' ELSE 'd' || i || '.test' END, 'waiting', 0, i, 0
         FROM n`,
      )
      .run()
  }

  const claimMs = async (domainsBusy: string[]): Promise<[ms: number, domains: string[]]> => {
    const times: number[] = []
    const domains: string[] = []
    for (let i = 0; i < 9; i++) {
      const started = performance.now()
      const claimed = await bench.outbox.claim({ owner: 'relay', limit: 20, leaseMs: 60_000, domainsBusy })
      times.push(performance.now() - started)
      domains.push(...claimed.map(({ domain }) => domain))
    }
    return [times.sort((a, b) => a - b)[4] as number, domains]
  }

  test('a claim takes a few milliseconds', async () => {
    fill(100_000, 0)
    const [ms, domains] = await claimMs([])
    expect(domains).toHaveLength(180)
    expect(ms).toBeLessThan(10)
  })

  test('one slow domain with nearly all of it holds no other up', async () => {
    fill(100_000, 99_000)
    const [ms, domains] = await claimMs(['busy.test'])
    expect(domains).toHaveLength(180)
    expect(new Set(domains).size).toBe(180)
    expect(domains).not.toContain('busy.test')
    expect(ms).toBeLessThan(20)
  })

  test('a process that is gone in the middle of everything leaves nothing torn', async () => {
    const { environment } = await bench.directory.ensureDefault({ tenant: 't', environment: 'e' })
    const domain = await bench.directory.createDomain({ environment: environment.id, name: 'example.test' })
    const ada = await bench.directory.createInbox({ domain: domain.id, address: 'ada@example.test' })
    const submission = {
      sender: '',
      recipients: [{ address: 'x@remote.test' }],
      message: prepared('x'),
      internalDate: 1,
      body: '7bit' as const,
      sentCopy: { account: ada.id },
    }
    for (const point of ['write', 'commit']) {
      bench.fault.on = point
      await expect(bench.outbox.submit(submission)).rejects.toMatchObject({ code: 'disk-full' })
      bench.fault.on = undefined
      expect(bench.probe.messages()).toBe(0)
    }
    await bench.outbox.submit(submission)
    expect(bench.node().db.get<{ n: number }>('SELECT count(*) AS n FROM outbox')?.n).toBe(1)
  })
})
