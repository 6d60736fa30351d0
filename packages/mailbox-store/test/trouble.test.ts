// A disk that is full, a folder that cannot be written, a file that is damaged, a database of another version: a clear
// refusal that says what to do, and what was acknowledged stays. Real disks, real permissions, real processes.

import { execFile, execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openStore, schemaVersion } from '@postern/mailbox-store'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Connection } from '../src/sqlite/connection.js'
import { holdFiles } from '../src/sqlite/sweep.js'
import { verifyStore } from '../src/sqlite/verify.js'
import { expectRefusal, fill, type Home, idOf, mail, seen, settle, show } from './contract/engine.js'

const script = (name: string): string => fileURLToPath(new URL(`./trouble/${name}.mjs`, import.meta.url))
const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const nobody = 65_534

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-trouble-'))
})
afterEach(() => {
  spawnSync('chmod', ['-R', 'u+rwX', folder])
  rmSync(folder, { recursive: true, force: true })
})

const data = (): string => join(folder, 'data')
const database = (): string => join(data(), 'postern.sqlite')
const open = async (options = {}): Promise<Home> => settle(await openStore({ folder: data(), ...options }))

interface Told {
  code: string
  message: string
  fix: string
}

/** Opens the store in a process that is not root, for whom permissions count. */
async function openAsNobody(path: string): Promise<Told> {
  const command = isRoot ? ['setpriv', `--reuid=${nobody}`, '--clear-groups', process.execPath] : [process.execPath]
  const { stdout } = await run(command[0] as string, [...command.slice(1), script('open'), path])
  return JSON.parse(stdout) as Told
}

describe('a full disk', () => {
  test('is refused in time, loses nothing, and the work goes on when there is room', { timeout: 60_000 }, async () => {
    const work = `${process.execPath} ${script('fill')} ${folder}`
    // A disk of 8 MB where one can be mounted, else a limit on the size of files: both are the kernel saying no.
    const inNamespace = [
      '-m',
      ...(isRoot ? [] : ['-r']),
      'sh',
      '-c',
      `mount -t tmpfs -o size=8m none ${folder} && exec ${work}`,
    ]
    const mounts = spawnSync('unshare', [...inNamespace.slice(0, -1), `mount -t tmpfs none ${folder}`]).status === 0
    const { stdout } = mounts
      ? await run('unshare', inNamespace)
      : await run('bash', ['-c', `trap '' XFSZ; ulimit -f 8000; exec ${work}`])
    const told = JSON.parse(stdout) as {
      codes: string[]
      acknowledged: number
      kept: number
      after: number
      findings: string[]
      fix: string
    }
    expect(told.codes).toEqual(mounts ? ['disk-full', 'disk-full', 'disk-full'] : expect.arrayContaining(['io-error']))
    expect(told.fix).toMatch(mounts ? /Free space/ : /./)
    expect(told.acknowledged).toBeGreaterThan(50)
    expect(told.kept).toBe(told.acknowledged - 1)
    expect(told.after).toBe(told.acknowledged)
    expect(told.findings).toEqual([])
  })
})

describe('permissions', () => {
  test('a data folder that cannot be made', async () => {
    chmodSync(folder, 0o755)
    const told = await openAsNobody(isRoot ? join(folder, 'new') : '/proc/new')
    expect(told).toMatchObject({ code: 'read-only', fix: expect.stringContaining('POSTERN_DATA_DIR') })
  })

  test('a data folder that belongs to somebody else, or is read-only', async () => {
    const { store } = await open()
    await store.close()
    chmodSync(folder, 0o755)
    chmodSync(data(), 0o555)
    expect(await openAsNobody(data())).toMatchObject({ code: 'read-only', message: expect.stringContaining(data()) })
  })

  test('a database file that cannot be written', async () => {
    const { store } = await open()
    await store.close()
    chmodSync(folder, 0o755)
    if (isRoot) chownSync(data(), nobody, nobody)
    chmodSync(database(), 0o444)
    expect(await openAsNobody(data())).toMatchObject({
      code: 'read-only',
      fix: expect.stringMatching(/writable|POSTERN_DATA_DIR/),
    })
  })

  test('a file where the folder should be', async () => {
    writeFileSync(data(), '')
    await expectRefusal(open(), 'read-only')
  })

  test('what the store makes is for its user alone', async () => {
    const home = await open()
    await home.alice.append(home.inbox, [{ message: mail('large', { body: 'x'.repeat(140_000) }) }])
    await home.store.close()
    expect(statSync(data()).mode & 0o077).toBe(0)
    expect(statSync(join(data(), 'blobs')).mode & 0o077).toBe(0)
  })
})

describe('a stream of message bytes', () => {
  test('is let go of when there is no place to write it', async () => {
    const home = await open()
    writeFileSync(join(data(), 'blobs'), '')
    let letGo = false
    async function* pieces(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(50_000)
      } finally {
        letGo = true
      }
    }
    await expectRefusal(home.store.stage(pieces()), 'read-only')
    expect(letGo).toBe(true)
    await home.store.close()
  })
})

describe('a damaged database', () => {
  test('that is no database at all: refused as often as it is tried, and nothing of it stays open', async () => {
    mkdirSync(data())
    writeFileSync(database(), 'This is not a database, and it is long enough to be seen as one.'.repeat(100))
    const before = readdirSync('/dev/fd').length
    for (let i = 0; i < 20; i++) await expectRefusal(open(), 'corrupt')
    expect(readdirSync('/dev/fd').length).toBeLessThan(before + 10)
  })

  test('with a page overwritten: refused or found by the check, never an answer that is wrong', async () => {
    const home = await open()
    await home.alice.append(
      home.inbox,
      Array.from({ length: 300 }, (_, i) => ({ message: mail(`m${i}`, { body: 'y'.repeat(3000) }) })),
    )
    await home.store.close()
    const sizes = statSync(database()).size
    for (const at of [0.3, 0.6, 0.9]) {
      const file = openSync(database(), 'r+')
      writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, Math.floor((sizes * at) / 4096) * 4096)
      closeSync(file)
    }
    const outcome = await openStore({ folder: data() }).then(
      async (store) => {
        const findings = await store.maintenance.verify().catch((error: { code: string }) => [error.code])
        await store.close()
        return findings
      },
      (error: { code: string }) => [error.code],
    )
    expect(outcome.length).toBeGreaterThan(0)
  })

  test('one flipped bit in a message is found by the check', async () => {
    const home = await open()
    await home.alice.append(home.inbox, [{ message: mail('a') }])
    await home.store.close()
    const db = new Database(database())
    db.prepare("UPDATE message SET body = CAST(replace(CAST(body AS TEXT), 'This is a', 'This is b') AS BLOB)").run()
    db.close()
    const again = await open()
    expect(await again.store.maintenance.verify()).toEqual(['message 1: its bytes are not those that were stored'])
    await again.store.close()
  })

  test('a damaged search index is made anew, and no search is wrong meanwhile', async () => {
    const home = await open()
    await fill(
      home.alice,
      home.inbox,
      Array.from({ length: 400 }, (_, i) => `needle${i}`),
    )
    await home.store.maintenance.indexed()
    await home.store.close()
    const search = join(data(), 'search.sqlite')
    const size = statSync(search).size
    const file = openSync(search, 'r+')
    writeSync(file, Buffer.alloc(size - 8192, 0xa5), 0, size - 8192, 8192)
    closeSync(file)
    const errors: Error[] = []
    const again = await open({ onError: (error: Error) => errors.push(error) })
    const box = await again.alice.open(again.inbox)
    const find = async (): Promise<number[]> => Array.from(await box.search({ kind: 'subject', text: 'needle399' }))
    expect(await find()).toEqual([400])
    await again.store.maintenance.indexed()
    expect(await find()).toEqual([400])
    await fill(again.alice, again.inbox, ['needle-new'])
    await again.store.maintenance.indexed()
    await box.refresh()
    expect(Array.from(await box.search({ kind: 'subject', text: 'needle-new' }))).toEqual([401])
    box.close()
    await again.store.close()
  })

  test('a large message whose file is missing is found by the check and refused on reading', async () => {
    const home = await open()
    await home.alice.append(home.inbox, [{ message: mail('large', { body: 'x'.repeat(140_000) }) }])
    rmSync(join(data(), 'blobs'), { recursive: true })
    expect(await home.store.maintenance.verify()).toEqual([
      expect.stringMatching(/^message 1: its file [0-9a-f]{64} is missing$/),
    ])
    const box = await home.alice.open(home.inbox)
    await expectRefusal((await box.content(1))?.bytes() ?? Promise.resolve(), 'corrupt')
    box.close()
    await home.store.close()
  })

  test('a Sent copy whose file is missing merges with nothing', async () => {
    const home = await open()
    const sent = await idOf(home.alice, 'Sent')
    const large = mail('large', { body: 'x'.repeat(140_000) })
    await home.store.outbox.submit({
      ...{ sender: 'alice@example.test', recipients: [{ address: 'bob@example.net' }], body: '7bit', internalDate: 1 },
      ...{ account: home.alice.id, sentCopy: { account: home.alice.id }, message: await home.store.stage(large) },
    })
    rmSync(join(data(), 'blobs'), { recursive: true })
    const copy = mail('large', { body: 'x'.repeat(140_000), headers: 'Bcc: carol@example.org\r\n' })
    await home.alice.append(sent, [{ message: copy }])
    expect(await home.alice.status(sent)).toMatchObject({ messages: 2 })
    await home.store.close()
  })

  test('the check finds counts of what was sent, and rows for merging, that cannot be', async () => {
    const home = await open()
    const sent = await idOf(home.alice, 'Sent')
    await fill(home.alice, sent, ['a', 'b'])
    const db = new Database(database())
    db.exec(`INSERT INTO sending_count VALUES ('inbox', ${home.alice.id}, 60000, 0);
      UPDATE sent_candidate SET message = 77 WHERE uid = 2`)
    db.close()
    expect(await home.store.maintenance.verify()).toEqual([
      `mailbox ${sent} (Sent): uid 2 is known for another message among those that may merge`,
      `inbox ${home.alice.id}: has sent to 0 recipients at some time`,
    ])
    await home.store.close()
  })
})

describe('versions', () => {
  test('a database of a newer program is refused at the start, and left as it is', async () => {
    const { store } = await open()
    await store.close()
    const db = new Database(database())
    db.pragma('user_version = 99')
    await expectRefusal(open(), 'schema-newer')
    expect(db.pragma('user_version', { simple: true })).toBe(99)
    db.close()
  })

  test('a database of a program from before the first published one is refused, and left as it is', async () => {
    const { store } = await open()
    await store.close()
    const db = new Database(database())
    db.pragma('user_version = 2')
    await expectRefusal(open(), 'schema-older')
    expect(db.pragma('user_version', { simple: true })).toBe(2)
    db.close()
  })

  /** What each entry of the schema has brought, taken back, the newest first. */
  const undone: readonly string[] = [
    `DROP INDEX outbox_held; ALTER TABLE mailbox DROP COLUMN uid_validity; ALTER TABLE mailbox DROP COLUMN object_id;
     ALTER TABLE uid_space DROP COLUMN object_id`,
    'DROP TABLE held_message; ALTER TABLE sent_candidate DROP COLUMN identity; ALTER TABLE outbox DROP COLUMN message',
    `DROP TABLE replied; DROP TABLE rule; ALTER TABLE submission DROP COLUMN keep_for; ALTER TABLE submission DROP COLUMN sink;
     ALTER TABLE submission DROP COLUMN foreign_text`,
    'DROP TABLE imported; DROP TABLE import_origin',
    'ALTER TABLE domain DROP COLUMN sink',
    'ALTER TABLE inbox DROP COLUMN public_key',
    'DROP TABLE once_place; DROP TABLE once; DROP TABLE ingest_key',
    `DROP TABLE sent_candidate; DROP TABLE sending_count; DROP TABLE dkim_key; ALTER TABLE domain DROP COLUMN route;
     ALTER TABLE credential DROP COLUMN sending; ALTER TABLE inbox DROP COLUMN route;
     ALTER TABLE inbox DROP COLUMN sending; ALTER TABLE tenant DROP COLUMN sending`,
    `DROP INDEX credential_inbox_password; DROP INDEX audit_by_object; DROP INDEX audit_by_time;
     DROP INDEX audit_refused; ALTER TABLE credential DROP COLUMN inbox_password;
     ALTER TABLE mailbox DROP COLUMN recent_after; ALTER TABLE mailbox DROP COLUMN recent;
     DELETE FROM meta WHERE key = 'directory_version'`,
  ]

  test.each([10, 9, 8, 7, 6, 5, 4, 3])(
    'a database of schema %d is brought up to date, with all that is in it',
    async (older) => {
      const before = await open()
      await fill(before.alice, before.inbox, ['a'])
      await before.store.close()
      const db = new Database(database())
      for (const sql of undone.slice(0, schemaVersion - older)) db.exec(sql)
      db.pragma(`user_version = ${older}`)
      db.close()
      const home = await open()
      expect(await show(home.alice, home.inbox)).toEqual(['1 a'])
      expect(await home.alice.status(home.inbox)).toMatchObject(
        older === 3 ? { recent: 0, recentAfter: 1 } : { recent: 1 },
      )
      const { directory } = home.store
      const version = await directory.version()
      await directory.setInboxPassword(home.alice.id, { secret: { publicPart: 'p', hash: new Uint8Array(32) } })
      expect(await directory.version()).toBeGreaterThan(version)
      expect(await directory.getInbox(home.alice.id)).toMatchObject({ sending: {}, route: undefined })
      const limited = await directory.updateInbox(home.alice.id, { sending: { recipientsPerHour: 5 }, route: 'sealed' })
      expect(limited).toMatchObject({ sending: { recipientsPerHour: 5 }, route: 'sealed' })
      expect(await directory.getDomain(home.domain)).toMatchObject({ sending: {}, route: undefined })
      expect(await home.store.maintenance.verify()).toEqual([])
      await home.store.close()
    },
  )

  test('a process that a newer one has upgraded the database under stops writing, and reads on', async () => {
    const home = await open()
    await fill(home.alice, home.inbox, ['a'])
    const db = new Database(database())
    db.pragma('user_version = 99')
    for (const key of ['b', 'again'])
      await expectRefusal(home.alice.append(home.inbox, [{ message: mail(key) }]), 'schema-newer')
    expect(await show(home.alice, home.inbox)).toEqual(['1 a'])
    db.pragma(`user_version = ${schemaVersion}`)
    db.close()
    await fill(home.alice, home.inbox, ['c'])
    expect(await show(home.alice, home.inbox)).toEqual(['1 a', '2 c'])
    await home.store.close()
  })
})

describe('a clock that jumps back', () => {
  test('uids, modseqs and save dates go on, and nothing is purged early', async () => {
    let now = 1_800_000_000_000
    const home = await open({ now: () => now })
    await fill(home.alice, home.inbox, ['a', 'b'])
    const before = await home.alice.status(home.inbox)
    now -= 10 * 365 * 86_400_000
    await fill(home.alice, home.inbox, ['c'])
    await home.alice.setFlags(home.inbox, [[1, 1]], { how: 'add', flags: seen })
    await home.alice.remove(home.inbox, [[2, 2]])
    const after = await home.alice.status(home.inbox)
    expect(after.uidNext).toBe(4)
    expect(after.highestModSeq).toBeGreaterThan(before.highestModSeq)
    expect((await home.alice.changesSince(home.inbox, before.highestModSeq)).vanished).toEqual([[2, 2]])
    expect(await show(home.alice, home.inbox)).toEqual(['1 a seen', '3 c'])
    expect(await home.store.maintenance.verify()).toEqual([])
    await home.store.close()
  })
})

describe('several processes on one file', () => {
  test('both append at once: no uid twice, and each sees what the other did', async () => {
    const home = await open()
    const box = await home.alice.open(home.inbox)
    const other = run(process.execPath, [script('appender'), data(), '300'])
    const own = await Promise.all(
      Array.from(
        { length: 300 },
        async (_, i) => (await home.alice.append(home.inbox, [{ message: mail(`own${i}`) }])).uids[0] as number,
      ),
    )
    const theirs = JSON.parse((await other).stdout) as number[]
    expect(new Set([...own, ...theirs]).size).toBe(600)
    const news = await box.refresh()
    expect(news.changed).toHaveLength(600)
    expect((await show(home.alice, home.inbox)).filter((line) => line.includes('other0'))).toEqual([
      `${theirs[0]} other0 flagged other`,
    ])
    box.close()
    await fill(home.alice, home.inbox, ['last'])
    expect((await home.alice.status(home.inbox)).messages).toBe(601)
    expect(await home.store.maintenance.verify()).toEqual([])
    await home.store.close()
  })

  test('four that start at once on a new folder make one database', async () => {
    const told = await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, [script('open'), data()])))
    expect(told.map(({ stdout }) => (JSON.parse(stdout) as Told).code)).toEqual(Array(4).fill('opened'))
    const { store } = await open()
    expect((await store.directory.listEnvironments()).items.map(({ name }) => name).sort()).toEqual([
      'another',
      'production',
    ])
    expect(await store.maintenance.verify()).toEqual([])
    await store.close()
  })

  test('a write lock that another holds is waited for without holding the thread up', async () => {
    const home = await open()
    const db = new Database(database())
    db.prepare('BEGIN IMMEDIATE').run()
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const appended = home.alice.append(home.inbox, [{ message: mail('a') }])
    await new Promise((resolve) => setTimeout(resolve, 400))
    delay.disable()
    // Reading goes on meanwhile.
    expect((await home.alice.status(home.inbox)).messages).toBe(0)
    db.prepare('COMMIT').run()
    expect(Array.from((await appended).uids)).toEqual([1])
    expect(delay.percentile(90) / 1e6).toBeLessThan(50)
    db.close()
    await home.store.close()
  })

  test('one that is never let go ends in a refusal', async () => {
    const home = await open({ limits: { busyWaitMs: 200 } })
    const db = new Database(database())
    db.prepare('BEGIN IMMEDIATE').run()
    await expectRefusal(home.alice.append(home.inbox, [{ message: mail('a') }]), 'busy')
    db.prepare('ROLLBACK').run()
    db.close()
    await fill(home.alice, home.inbox, ['b'])
    expect(await show(home.alice, home.inbox)).toEqual(['1 b'])
    await home.store.close()
  })
})

const backupTarget = (path: string) => ({ database: join(path, 'postern.sqlite'), files: join(path, 'blobs') })

describe('backup', () => {
  test('taken while writers work: whole, sound, and with everything that was there before', async () => {
    const home = await open()
    const large = mail('large', { body: 'x'.repeat(140_000) })
    await home.alice.append(home.inbox, [
      { message: large },
      ...Array.from({ length: 200 }, (_, i) => ({ message: mail(`m${i}`), flags: seen })),
    ])
    let working = true
    const writers = Array.from({ length: 4 }, async (_, caller) => {
      for (let i = 0; working; i++) {
        const { uids } = await home.alice.append(home.inbox, [{ message: mail(`w${caller}-${i}`) }])
        if (i % 3 === 0) await home.alice.remove(home.inbox, [[uids[0] as number, uids[0] as number]])
      }
    })
    const target = join(folder, 'backup')
    const report = await home.store.maintenance.backup(backupTarget(target))
    working = false
    await Promise.all(writers)
    expect(report.files).toMatchObject({ count: 1, copied: 1, missing: [] })
    const status = await home.alice.status(home.inbox)
    await home.store.close()

    const copy = await settle(await openStore({ folder: target }))
    expect(await copy.store.maintenance.verify()).toEqual([])
    const lines = await show(copy.alice, copy.inbox)
    expect(lines.slice(0, 3)).toEqual(['1 large', '2 m0 seen', '3 m1 seen'])
    expect(lines.length).toBeGreaterThanOrEqual(201)
    expect((await copy.alice.status(copy.inbox)).uidValidity).toBe(status.uidValidity)
    const { uids } = await copy.alice.append(copy.inbox, [{ message: mail('on the copy') }])
    expect(uids[0]).toBeGreaterThan(status.uidNext)
    const box = await copy.alice.open(copy.inbox)
    expect(Buffer.compare((await (await box.content(1))?.bytes()) ?? new Uint8Array(), large)).toBe(0)
    box.close()
    await copy.store.close()
  })

  test('only to a file that is not there yet', async () => {
    const home = await open()
    const target = backupTarget(join(folder, 'taken'))
    mkdirSync(join(folder, 'taken'))
    writeFileSync(target.database, '')
    await expectRefusal(home.store.maintenance.backup(target), 'exists')
    await home.store.close()
  })
})

describe('the same large message again', () => {
  const large = mail('large', { body: 'x'.repeat(140_000) })

  test('heals a file that was cut short', async () => {
    const home = await open()
    await home.alice.append(home.inbox, [{ message: large }])
    const { stdout } = await run('find', [join(data(), 'blobs'), '-type', 'f'])
    truncateSync(stdout.trim(), 50_000)
    expect(await home.store.maintenance.verify()).toEqual([expect.stringMatching(/is damaged$/)])
    await home.alice.append(home.inbox, [{ message: large }])
    expect(await home.store.maintenance.verify()).toEqual([])
    await home.store.close()
  })

  test('waits for the folder too: whoever wrote the file may not have flushed its name yet', async () => {
    let flushes = 0
    const fault = (point: string): void => {
      if (point === 'blob-flush') flushes++
    }
    const home = await open({ fault })
    await home.alice.append(home.inbox, [{ message: large }])
    expect(flushes).toBe(2)
    await home.alice.append(home.inbox, [{ message: large }])
    expect(flushes).toBe(4)
    await home.store.close()
  })
})

describe('a slow disk', () => {
  test('flags go on during a flush, and what needs a flush gathers behind it', async () => {
    const flushes: (() => void)[] = []
    let slow = false
    const aroundFlush = async (flush: () => Promise<void>): Promise<void> => {
      if (slow) await new Promise<void>((resolve) => flushes.push(resolve))
      await flush()
    }
    const home = await open({ aroundFlush })
    await fill(home.alice, home.inbox, ['a'])
    slow = true
    const first = fill(home.alice, home.inbox, ['b'])
    await expect.poll(() => flushes.length).toBe(1)
    const flags = home.alice.setFlags(home.inbox, [[1, 1]], { how: 'add', flags: seen })
    const second = fill(home.alice, home.inbox, ['c'])
    await flags
    expect((await home.alice.status(home.inbox)).messages).toBe(2)
    slow = false
    flushes[0]?.()
    await Promise.all([first, second])
    expect(await show(home.alice, home.inbox)).toEqual(['1 a seen', '2 b', '3 c'])
    await home.store.close()
  })
})

describe('a flush that fails', () => {
  test('is the end of flag changes too that were waiting then', async () => {
    let fail: ((error: Error) => void) | undefined
    let slow = false
    const aroundFlush = async (flush: () => Promise<void>): Promise<void> => {
      if (slow)
        await new Promise<void>((_, reject) => {
          fail = reject
        })
      await flush()
    }
    const home = await open({ aroundFlush })
    await fill(home.alice, home.inbox, ['a'])
    slow = true
    const appended = expectRefusal(fill(home.alice, home.inbox, ['b']), 'io-error')
    await expect.poll(() => fail).toBeDefined()
    fail?.(new Error('input/output error'))
    await expectRefusal(home.alice.setFlags(home.inbox, [[1, 1]], { how: 'add', flags: seen }), 'io-error')
    await appended
    expect((await show(home.alice, home.inbox))[0]).toBe('1 a')
    await home.store.close()
  })
})

describe('a store that is closed', () => {
  test('says so, to reads and writes alike', async () => {
    const home = await open()
    const box = await home.alice.open(home.inbox)
    await home.store.close()
    await expectRefusal(home.alice.status(home.inbox), 'closed')
    await expectRefusal(home.alice.changesSince(home.inbox, 1), 'closed')
    await expectRefusal(box.refresh(), 'closed')
    await expectRefusal(box.content(1), 'closed')
    await expectRefusal(home.store.directory.listTenants(), 'closed')
    await expectRefusal(home.store.outbox.stats(), 'closed')
    await expectRefusal(fill(home.alice, home.inbox, ['a']), 'closed')
    await expectRefusal(home.store.maintenance.verify(), 'closed')
  })
})

describe('the integrity check', () => {
  test('holds no large message up', async () => {
    const home = await open()
    const body = 'x'.repeat(60_000)
    await home.alice.append(
      home.inbox,
      Array.from({ length: 800 }, (_, i) => ({ message: mail(`m${i}`, { body }) })),
    )
    // The first one makes the folders for all.
    await home.alice.append(home.inbox, [{ message: mail('first', { body: 'x'.repeat(300_000) }) }])
    const order: string[] = []
    await Promise.all([
      home.store.maintenance.verify().then((findings) => order.push('checked', ...findings)),
      home.alice
        .append(home.inbox, [{ message: mail('large', { body: 'x'.repeat(300_000) }) }])
        .then(() => order.push('appended')),
    ])
    expect(order).toEqual(['appended', 'checked'])
    await home.store.close()
  })

  test('says nothing of a file that went with its message while it looked', async () => {
    const home = await open()
    await home.alice.append(home.inbox, [{ message: mail('large', { body: 'x'.repeat(140_000) }) }])
    await home.alice.remove(home.inbox, [[1, 1]])
    await home.store.close()
    rmSync(join(data(), 'blobs'), { recursive: true })
    const db = new Connection({ path: database() })
    const snapshot = db.snapshot.bind(db)
    db.snapshot = (read) => {
      const seenThen = snapshot(read)
      db.raw.exec('DELETE FROM message; DELETE FROM garbage')
      return seenThen
    }
    expect(verifyStore(db, { blobsFolder: join(data(), 'blobs') })).toEqual([])
    db.close()
  })

  test('that is under way when the store is closed ends in a refusal', async () => {
    const home = await open()
    const checked = expectRefusal(home.store.maintenance.verify(), 'closed')
    await home.store.close()
    await checked
  })
})

describe('files that no row names', () => {
  test('are removed once they are old, and files with a row stay', async () => {
    const home = await open()
    await home.alice.append(home.inbox, [{ message: mail('large', { body: 'x'.repeat(140_000) }) }])
    const stray = join(data(), 'blobs', 'ab', 'c'.repeat(62))
    const half = join(data(), 'blobs', 'incoming', 'half')
    const young = join(data(), 'blobs', 'incoming', 'young')
    mkdirSync(join(data(), 'blobs', 'ab'), { recursive: true })
    const foreign = join(data(), 'blobs', 'ab', 'README')
    for (const path of [stray, half, young, foreign]) writeFileSync(path, 'left by a crash')
    const old = new Date(Date.now() - 7_200_000)
    for (const path of [stray, half, foreign]) utimesSync(path, old, old)
    expect(await home.store.maintenance.sweepOrphans()).toBe(2)
    expect([stray, half, young, foreign].map((path) => existsSync(path))).toEqual([false, false, true, true])
    const holders = new Connection({ path: database() })
    const letGo = [holdFiles(holders), holdFiles(holders)]
    writeFileSync(stray, 'left by a crash')
    utimesSync(stray, old, old)
    expect(await home.store.maintenance.sweepOrphans(), 'held by two backups').toBe(0)
    letGo[0]?.letGo()
    expect(await home.store.maintenance.sweepOrphans(), 'held by one').toBe(0)
    letGo[1]?.letGo()
    expect(await home.store.maintenance.sweepOrphans(), 'held by none').toBe(1)
    holders.close()
    const kept = execFileSync('find', [join(data(), 'blobs'), '-type', 'f', '-size', '+50k'], { encoding: 'utf8' })
    utimesSync(kept.trim(), old, old)
    expect(await home.store.maintenance.sweepOrphans()).toBe(0)
    expect(await home.store.maintenance.verify()).toEqual([])
    await home.store.close()
  })

  test('the file of a purged message goes with it, unless another message has the same bytes', async () => {
    let now = Date.now()
    const home = await open({ now: () => now })
    const large = mail('large', { body: 'x'.repeat(140_000) })
    await home.alice.append(home.inbox, [{ message: large }])
    await home.alice.append(home.inbox, [{ message: large }])
    const files = async (): Promise<number> => {
      const { stdout } = await run('find', [join(data(), 'blobs'), '-type', 'f'])
      return stdout.split('\n').filter((line) => line !== '').length
    }
    expect(await files()).toBe(1)
    await home.alice.remove(home.inbox, [[1, 1]])
    now += 7_200_000
    while (await home.store.maintenance.sweep());
    expect(await files()).toBe(1)
    await home.alice.remove(home.inbox, [[2, 2]])
    now += 7_200_000
    while (await home.store.maintenance.sweep());
    expect(await files()).toBe(0)
    await home.store.close()
  })
})
