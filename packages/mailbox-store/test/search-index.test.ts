// The life of the index: growing behind the mail, being lost, damaged, replaced and outrun, and keeping accounts apart.
// In every state the answers are the same; what changes is who finds them.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ownerToken } from '../src/search/grams.js'
import type { SearchQuery } from '../src/search/query.js'
import { Connection } from '../src/sqlite/connection.js'
import { SearchIndexBuilder } from '../src/sqlite/search-index.js'
import { addFiller, anna, archive, bert, bertsInbox, inbox, SearchFixture } from './search-fixture.js'

const needle: SearchQuery = { kind: 'body', text: 'needle' }
const withNeedle = 'Subject: pin\r\n\r\nthe needle in the hay'
let fixture: SearchFixture

beforeEach(async () => {
  fixture = new SearchFixture()
  await addFiller(fixture)
  await fixture.deliver(withNeedle)
})
afterEach(() => fixture.close())

/** Ids of messages whose body was read while `work` ran: what the index didn't answer. */
async function bodiesRead(work: () => Promise<unknown>): Promise<number[]> {
  const { texts } = fixture.reader
  const body = texts.body.bind(texts)
  const read: number[] = []
  texts.body = (db, blobs, message) => {
    read.push(message)
    return body(db, blobs, message)
  }
  await work()
  texts.body = body
  return read
}

async function expectAnswers(): Promise<void> {
  expect(await fixture.search(needle)).toEqual([81])
  expect(await fixture.search({ kind: 'subject', text: 'pin' })).toEqual([81])
}

describe('building', () => {
  test('the index narrows to the candidates', async () => {
    expect(await bodiesRead(expectAnswers)).toHaveLength(81)
    fixture.index()
    expect(fixture.builder().watermark).toBe(81)
    expect(await bodiesRead(expectAnswers)).toEqual([81])
  })

  test('three characters are answered by the index alone, and so are the first characters of a trigram', async () => {
    fixture.index()
    for (const text of ['eed', 'nee', 'ay', '!'])
      expect(
        await bodiesRead(async () =>
          expect(await fixture.search({ kind: 'body', text })).toEqual(text === '!' ? [] : [81]),
        ),
      ).toHaveLength(text === '!' ? 81 : 0)
  })

  test('mail that came after the index is read', async () => {
    fixture.index()
    const late = await fixture.deliver('\r\na second needle')
    expect(await bodiesRead(async () => expect(await fixture.search(needle)).toEqual([81, 82]))).toEqual([81, late])
  })

  test('works in slices and goes on where it stopped', async () => {
    const builder = fixture.builder()
    let steps = 0
    const marks = new Set<number>()
    while (builder.step({ budgetMs: 0 }) === 'more') {
      marks.add(builder.watermark)
      await expectAnswers()
      if (++steps > 500) throw new Error('indexing does not end')
    }
    expect(marks.size).toBeGreaterThan(20)
    expect(builder.watermark).toBe(81)
    fixture.closeBuilder()
    await fixture.deliver(withNeedle)
    fixture.index()
    expect(fixture.builder().watermark).toBe(82)
    expect(await fixture.search(needle)).toEqual([81, 82])
  })

  test('two builders share the work', async () => {
    const other = new SearchIndexBuilder({
      mainPath: fixture.mainPath,
      searchPath: fixture.searchPath,
      blobsFolder: fixture.folder,
    })
    const one = fixture.builder()
    for (let i = 0; i < 300; i++) {
      const states = [one.step({ budgetMs: 0 }), other.step({ budgetMs: 0 })]
      if (states.every((state) => state === 'done')) break
    }
    other.close()
    expect(documentIds()).toEqual(Array.from({ length: 81 }, (_, i) => i + 1))
    await expectAnswers()
  })

  test('documents of purged messages go', async () => {
    fixture.index({ sweepIntervalMs: 0 })
    fixture.purge(81)
    fixture.purge(3)
    await fixture.deliver(withNeedle)
    fixture.index()
    expect(documentIds()).toEqual(Array.from({ length: 82 }, (_, i) => i + 1).filter((id) => id !== 3 && id !== 81))
    expect(await fixture.search(needle)).toEqual([82])
    const terms = openIndex((db) =>
      db.all<{ rowid: number }>(`SELECT rowid FROM body_gram WHERE body_gram MATCH '"eed"'`),
    )
    expect(terms.map(({ rowid }) => rowid)).toEqual([82])
  })

  test('a message that is gone is not found, indexed or not', async () => {
    const index = fixture.open()
    fixture.purge(81)
    expect(await fixture.search(needle, { index })).toEqual([])
    fixture.index()
    expect(await fixture.search(needle, { index })).toEqual([])
    expect(await fixture.search({ kind: 'not', of: needle }, { index })).toHaveLength(81)
  })
})

describe('large messages', () => {
  test('text beyond the limit is looked for in the message', async () => {
    const long = `Subject: long\r\n\r\n${'hay '.repeat(2_000)}needle`
    const inFile = await fixture.deliver(long, { inFile: true })
    const short = await fixture.deliver('\r\nquite another', { inFile: true })
    fixture.index({ textBytesMax: 1_000 })
    expect(await bodiesRead(async () => expect(await fixture.search(needle)).toEqual([81, 82]))).toEqual([81, inFile])
    expect(await fixture.search({ kind: 'body', text: 'another' })).toEqual([short])
    expect(await fixture.search({ kind: 'body', text: 'eed' })).toEqual([81, 82])
  })

  test('a file that is missing holds nothing', async () => {
    const message = Buffer.from('Subject: lost\r\n\r\nneedle')
    await fixture.deliver(message, { inFile: true })
    rmSync(`${fixture.folder}/blobs`, { recursive: true })
    expect(await fixture.search(needle)).toEqual([81])
    fixture.index()
    expect(await fixture.search(needle)).toEqual([81])
    expect(await fixture.search({ kind: 'subject', text: 'lost' })).toEqual([82])
  })

  test('a header longer than what is kept of it is compared whole', async () => {
    await fixture.deliver(`Subject: ${'long '.repeat(300)}tail\r\n\r\nbody`)
    await fixture.deliver('Subject: a\0zero\r\n\r\nbody')
    fixture.index()
    expect(await fixture.search({ kind: 'subject', text: 'long tail' })).toEqual([82])
    expect(await fixture.search({ kind: 'subject', text: 'a\0zero' })).toEqual([83])
  })
})

describe('accounts', () => {
  test('each sees its own, a shared message is seen by both', async () => {
    await fixture.deliver(withNeedle, { to: [bertsInbox] })
    await fixture.deliver(withNeedle, { to: [archive, bertsInbox] })
    fixture.index()
    expect(await fixture.search(needle)).toEqual([81])
    expect(await fixture.search(needle, { mailbox: archive })).toEqual([1])
    expect(await fixture.search(needle, { mailbox: bertsInbox })).toEqual([1, 2])
  })

  test("another account's documents aren't candidates", async () => {
    await addFiller(fixture)
    for (let i = 0; i < 70; i++) await fixture.deliver(withNeedle, { to: [bertsInbox] })
    fixture.index()
    const { reader } = fixture
    const matches = reader.matches.bind(reader)
    const found: number[] = []
    reader.matches = (view, ask) => {
      const ids = matches(view, { ...ask, from: 1, to: 0xffff_ffff })
      found.push(...ids)
      return ids
    }
    expect(await fixture.search(needle)).toEqual([81])
    expect(found).toEqual([81])
  })

  test('mail cannot claim an owner', async () => {
    const forged = `Subject: ${ownerToken(anna)}\r\n\r\n${ownerToken(anna)} ${ownerToken(bert)} needle`
    await fixture.deliver(forged, { to: [bertsInbox] })
    fixture.index()
    const owned = (table: string): unknown[] =>
      openIndex((db) =>
        db.all(`SELECT rowid FROM ${table} WHERE ${table} MATCH '"${ownerToken(anna)}"' AND rowid > 81`),
      )
    expect(owned('body_gram')).toEqual([])
    expect(owned('header_gram')).toEqual([])
  })

  test('the same message twice in a mailbox is found twice', async () => {
    await fixture.deliver(withNeedle, { to: [inbox, inbox] })
    await fixture.deliver('\r\nlast')
    expect(await fixture.search(needle)).toEqual([81, 82, 83])
    fixture.index()
    expect(await fixture.search(needle)).toEqual([81, 82, 83])
    expect(await fixture.search({ kind: 'all' }, { sort: [{ by: 'subject', reverse: true }] })).toHaveLength(84)
  })
})

describe('loss', () => {
  test('before there is an index, and after it was deleted', async () => {
    expect(existsSync(fixture.searchPath)).toBe(false)
    await expectAnswers()
    fixture.index()
    await expectAnswers()
    for (const suffix of ['', '-wal', '-shm']) rmSync(fixture.searchPath + suffix, { force: true })
    await expectAnswers()
    fixture.index()
    expect(await bodiesRead(expectAnswers)).toEqual([81])
  })

  test.each([
    [
      'is no database',
      () => writeFileSync(fixture.searchPath, 'this is not a database, it only looks like a long text'.repeat(200)),
    ],
    ['is empty', () => writeFileSync(fixture.searchPath, '')],
    ['is cut short', () => writeFileSync(fixture.searchPath, readFileSync(fixture.searchPath).subarray(0, 8_192))],
    [
      'is torn in the middle',
      () => {
        const bytes = readFileSync(fixture.searchPath)
        bytes.fill(0xa5, 4_096)
        writeFileSync(fixture.searchPath, bytes)
      },
    ],
    [
      'has other tables',
      () => {
        rmSync(fixture.searchPath)
        const db = new Connection({ path: fixture.searchPath })
        db.raw.exec('CREATE TABLE state (something TEXT)')
        db.close()
      },
    ],
    ['is of another format', () => openIndex((db) => db.run('UPDATE state SET format = 999'), 'write')],
    ['is of another store', () => openIndex((db) => db.run("UPDATE state SET store_id = 'other'"), 'write')],
    ['is ahead of its store', () => openIndex((db) => db.run('UPDATE state SET watermark = 500'), 'write')],
    [
      'is of another history of the store',
      () => openIndex((db) => db.run("UPDATE state SET last_hash = x'00'"), 'write'),
    ],
  ])('the file %s', async (state, spoil) => {
    fixture.index()
    const build = openIndex((db) => db.get<{ build: string }>('SELECT build FROM state'))?.build
    fixture.closeBuilder()
    fixture.reader.close()
    // What it would find if it were believed.
    openIndex((db) => {
      db.run('DELETE FROM body_gram WHERE rowid = 81')
      db.run('UPDATE doc SET subject = NULL')
      db.raw.pragma('wal_checkpoint(TRUNCATE)')
    }, 'write')
    spoil()
    // Nothing but the builder looks into history; a restored backup comes with a restart.
    if (state !== 'is of another history of the store') await expectAnswers()
    fixture.index()
    expect(openIndex((db) => db.get<{ build: string }>('SELECT build FROM state'))?.build).not.toBe(build)
    expect(await bodiesRead(expectAnswers)).toEqual([81])
  })

  test('damage that a search meets is told, and the rest is read', async () => {
    fixture.index()
    fixture.closeBuilder()
    openIndex((db) => db.raw.pragma('wal_checkpoint(TRUNCATE)'), 'write')
    fixture.reader = fixture.newReader()
    await expectAnswers()
    fixture.reader.close()
    const bytes = readFileSync(fixture.searchPath)
    for (const [id] of openIndex(
      (db) => db.prepareRaw("SELECT rootpage FROM sqlite_schema WHERE name = 'body_gram_data'").all() as [number][],
    ))
      bytes.fill(0xa5, (id - 1) * 4_096, id * 4_096)
    writeFileSync(fixture.searchPath, bytes)
    expect(await fixture.search(needle)).toEqual([81])
    expect(fixture.damages).not.toHaveLength(0)
    fixture.builder().rebuild()
    fixture.index()
    expect(await bodiesRead(expectAnswers)).toEqual([81])
  })

  test('a rebuild in the middle of a search does not lose what the old index knew', async () => {
    fixture.index()
    const { reader } = fixture
    const matches = reader.matches.bind(reader)
    let rebuilt = 0
    reader.matches = (view, ask) => {
      if (rebuilt++ === 0) {
        fixture.builder().rebuild()
        fixture.builder().step({ budgetMs: 0 })
        // Another search has gone over to the new index.
        expect(reader.view(fixture.db)?.watermark).toBeLessThan(81)
      }
      return matches(view, ask)
    }
    expect(await fixture.search(needle)).toEqual([81])
    expect(rebuilt).toBe(1)
  })

  test('a store that went back behind its index while the builder ran', async () => {
    fixture.index()
    for (let id = 41; id <= 81; id++) fixture.purge(id)
    fixture.db.run("UPDATE meta SET value = 41 WHERE key = 'message_next'")
    expect(await fixture.search(needle, { index: fixture.open() })).toEqual([])
    fixture.index()
    expect(fixture.builder().watermark).toBe(40)
    expect(documentIds()).toHaveLength(40)
  })

  test('damage of the main database is not answered by building the index again and again', () => {
    const builder = fixture.builder()
    const broken = Object.assign(new Error('database disk image is malformed'), { code: 'SQLITE_CORRUPT' })
    const insert = Connection.prototype.run
    Connection.prototype.run = function (sql, ...values) {
      if (sql.includes('INSERT INTO doc')) throw broken
      return insert.call(this, sql, ...values)
    }
    try {
      expect(() => {
        for (let i = 0; i < 20; i++) builder.step({ budgetMs: 10 })
      }).toThrow('malformed')
    } finally {
      Connection.prototype.run = insert
    }
    fixture.index()
    expect(builder.watermark).toBe(81)
  })
})

function openIndex<Result>(use: (db: Connection) => Result, mode: 'read' | 'write' = 'read'): Result {
  const db = new Connection({ path: fixture.searchPath, readonly: mode === 'read' })
  try {
    return use(db)
  } finally {
    db.close()
  }
}

function documentIds(): number[] {
  return openIndex((db) => db.all<{ id: number }>('SELECT id FROM doc ORDER BY id')).map(({ id }) => id)
}
