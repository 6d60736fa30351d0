// Every key by itself: the table of RFC 9051 §6.4.4 and the extensions, on one small mailbox.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { objectId } from '../src/messages/prepare.js'
import { systemFlag } from '../src/model.js'
import { dayNumber, type SearchQuery } from '../src/search/query.js'
import { KeywordNames } from '../src/sqlite/keywords.js'
import { searchMailbox } from '../src/sqlite/search.js'
import { anna, inbox, SearchFixture } from './search-fixture.js'

const fixture = new SearchFixture()
const april = (day: number, hour = 12): number => Date.UTC(2025, 3, day, hour) / 1000
const aprilDay = (day: number): number => dayNumber({ year: 2025, month: 4, day })

beforeAll(async () => {
  fixture.nowMs = april(10) * 1000
  await fixture.deliver(
    [
      'From: Ärger <one@example.com>',
      'To: Anna <anna@postern.example>, Zoe <zoe@example.org>',
      'Cc: team@example.com',
      'Subject: =?utf-8?q?Gr=C3=BC=C3=9F?= =?utf-8?q?e?= aus Wien',
      'Date: Tue, 01 Apr 2025 23:30:00 -0500',
      'Message-ID: <first@example.com>',
      'X-Empty:',
      '',
      'Body of the first.',
    ].join('\r\n'),
    { internalDate: april(1), flags: { system: systemFlag.seen, keywords: ['$Work', 'Later'] } },
  )
  fixture.nowMs = april(11) * 1000
  await fixture.deliver(
    [
      'From: two@example.com',
      'Bcc: secret@example.com',
      'Subject: Plain',
      'Subject: Second subject',
      'Date: Wed, 02 Apr 2025 00:30:00 +0900 (JST)',
      'Message-ID: <second@example.com>',
      'References: <first@example.com>',
      '',
      `Body of the second. ${'x'.repeat(1000)}`,
    ].join('\r\n'),
    { internalDate: april(2), flags: { system: systemFlag.flagged | systemFlag.draft, keywords: [] } },
  )
  fixture.nowMs = april(12) * 1000
  await fixture.deliver('X-Note: no date here\r\n\r\nBody of the third, subject: lunch.', {
    internalDate: april(3),
    flags: { system: systemFlag.deleted, keywords: ['$work'] },
  })
})
afterAll(() => fixture.close())

const not = (of: SearchQuery): SearchQuery => ({ kind: 'not', of })
const secret: SearchQuery = { kind: 'bcc', text: 'secret' }

const rows: [SearchQuery, number[]][] = [
  [{ kind: 'all' }, [1, 2, 3]],
  [not({ kind: 'all' }), []],
  [{ kind: 'and', of: [] }, [1, 2, 3]],
  [{ kind: 'or', of: [] }, []],
  [{ kind: 'uids', uids: [[2, 7]] }, [2, 3]],
  [{ kind: 'uids', uids: [] }, []],
  [{ kind: 'flag', flag: systemFlag.seen }, [1]],
  [not({ kind: 'flag', flag: systemFlag.seen }), [2, 3]],
  [{ kind: 'flag', flag: systemFlag.draft }, [2]],
  [{ kind: 'flag', flag: systemFlag.answered }, []],
  [{ kind: 'keyword', keyword: '$WORK' }, [1, 3]],
  [{ kind: 'keyword', keyword: 'later' }, [1]],
  [{ kind: 'keyword', keyword: 'never' }, []],
  [{ kind: 'size', above: 1000 }, [2]],
  [{ kind: 'size', below: 1000 }, [1, 3]],
  [{ kind: 'size', above: 62, below: 1000 }, [1]],
  [{ kind: 'internalDate', to: april(2) }, [1]],
  [{ kind: 'internalDate', from: april(2), to: april(2) + 1 }, [2]],
  [{ kind: 'internalDate', from: april(2) }, [2, 3]],
  [{ kind: 'saveDate', from: april(11, 0), to: april(12, 0) }, [2]],
  [{ kind: 'saveDate', to: april(11, 0) }, [1]],
  // The sender's own day: in UTC it would be the 2nd and the 1st. The third has the internal date's.
  [{ kind: 'sentDay', from: aprilDay(1), to: aprilDay(2) }, [1]],
  [{ kind: 'sentDay', from: aprilDay(2), to: aprilDay(3) }, [2]],
  [{ kind: 'sentDay', from: aprilDay(3), to: aprilDay(4) }, [3]],
  [{ kind: 'sentDay', to: aprilDay(3) }, [1, 2]],
  [{ kind: 'modSeq', min: 2 }, [2, 3]],
  [{ kind: 'modSeq', min: 4 }, []],
  [{ kind: 'subject', text: 'GRÜSSE' }, [1]],
  [{ kind: 'subject', text: 'grüße aus' }, [1]],
  [{ kind: 'subject', text: 'second' }, [2]],
  [{ kind: 'subject', text: 'plain\nsecond' }, []],
  [{ kind: 'subject', text: '' }, [1, 2]],
  [{ kind: 'subject', text: 'lunch' }, []],
  [{ kind: 'from', text: 'ärger' }, [1]],
  [{ kind: 'from', text: '@EXAMPLE.COM' }, [1, 2]],
  [{ kind: 'to', text: 'zoe@' }, [1]],
  [{ kind: 'cc', text: 'team' }, [1]],
  [secret, [2]],
  [not(secret), [1, 3]],
  [{ kind: 'header', name: 'message-id', text: '<first@example.com>' }, [1]],
  [{ kind: 'header', name: 'Message-ID', text: '@example' }, [1, 2]],
  [{ kind: 'header', name: 'References', text: 'first' }, [2]],
  [{ kind: 'header', name: 'X-EMPTY', text: '' }, [1]],
  [{ kind: 'header', name: 'X-Empty', text: 'a' }, []],
  [{ kind: 'header', name: 'X', text: '' }, []],
  [{ kind: 'header', name: 'Empty', text: '' }, []],
  [{ kind: 'header', name: 'Subject', text: 'second' }, [2]],
  [{ kind: 'header', name: 'date', text: 'jst' }, [2]],
  [{ kind: 'body', text: 'BODY OF THE' }, [1, 2, 3]],
  [{ kind: 'body', text: 'first' }, [1]],
  [{ kind: 'body', text: 'example' }, []],
  [{ kind: 'body', text: '' }, [1, 2, 3]],
  [{ kind: 'text', text: 'subject: ' }, [1, 2, 3]],
  [{ kind: 'text', text: 'x-note: no' }, [3]],
  [{ kind: 'text', text: 'first' }, [1, 2]],
  [{ kind: 'or', of: [secret, { kind: 'body', text: 'third' }] }, [2, 3]],
  [
    {
      kind: 'and',
      of: [
        { kind: 'body', text: 'body' },
        { kind: 'flag', flag: systemFlag.deleted },
      ],
    },
    [3],
  ],
  [not({ kind: 'or', of: [secret, not({ kind: 'text', text: 'wien' })] }), [1]],
]

describe.each(['not indexed', 'indexed'])('%s', (state) => {
  beforeAll(() => {
    if (state === 'indexed') fixture.index()
  })

  test.each(rows)('%j', async (query, uids) => {
    expect(await fixture.search(query)).toEqual(uids)
    // Beside a key that has to wait, on a copy of the entries; every text holds the empty one.
    expect(await fixture.search({ kind: 'and', of: [query, { kind: 'text', text: '' }] })).toEqual(uids)
    expect(
      await fixture.search({ kind: 'not', of: { kind: 'or', of: [query, not({ kind: 'body', text: '' })] } }),
    ).toEqual([1, 2, 3].filter((uid) => !uids.includes(uid)))
  })
})

test('what entries answer is answered before the index can move', async () => {
  const index = fixture.open()
  const found = fixture.search(not({ kind: 'flag', flag: systemFlag.seen }), { index })
  index.entries.removeAt([1])
  expect(await found).toEqual([2, 3])
})

test('a search that waits looks at the entries as they were', async () => {
  const index = fixture.open()
  const query: SearchQuery = {
    kind: 'or',
    of: [
      { kind: 'body', text: 'of the' },
      {
        kind: 'and',
        of: [
          { kind: 'modSeq', min: 1 },
          { kind: 'keyword', keyword: 'later' },
          { kind: 'body', text: 'x' },
        ],
      },
    ],
  }
  const found = fixture.search(query, { index, sort: [{ by: 'size' }, { by: 'arrival', reverse: true }] })
  index.entries.removeAt([0, 1])
  expect(await found).toEqual([3, 1, 2])
})

test('EMAILID and THREADID, by the ids that FETCH gives', async () => {
  const [first] = fixture.db.all<{ hash: Uint8Array; thread: string }>('SELECT hash, thread FROM message ORDER BY id')
  const { hash, thread } = first as { hash: Uint8Array; thread: string }
  expect(await fixture.search({ kind: 'emailId', id: objectId('M', hash) })).toEqual([1])
  expect(await fixture.search({ kind: 'emailId', id: 'Mnothing' })).toEqual([])
  // The second message refers to the first.
  expect(await fixture.search({ kind: 'threadId', id: thread })).toEqual([1, 2])
  expect(await fixture.search({ kind: 'threadId', id: thread.toLowerCase() })).toEqual([])
})

describe('the order of work', () => {
  test('a text is looked for only where the cheap keys have left something', async () => {
    const body = fixture.reader.texts.body.bind(fixture.reader.texts)
    const asked: number[] = []
    fixture.reader.texts.body = (db, blobs, message) => {
      asked.push(message)
      return body(db, blobs, message)
    }
    const flagged: SearchQuery = { kind: 'flag', flag: systemFlag.flagged }
    expect(await fixture.search({ kind: 'and', of: [{ kind: 'body', text: 'first' }, flagged] })).toEqual([])
    expect(asked).toEqual([2])
    asked.length = 0
    expect(await fixture.search({ kind: 'or', of: [{ kind: 'body', text: 'first' }, flagged] })).toEqual([1, 2])
    expect(asked).toEqual([1, 3])
    fixture.reader.texts.body = body
  })

  test('an aborted search ends with the reason', async () => {
    const controller = new AbortController()
    controller.abort(new Error('the client is gone'))
    await expect(fixture.search({ kind: 'all' }, { signal: controller.signal })).rejects.toThrow('the client is gone')
  })

  test('an abort in the middle is heeded', async () => {
    const controller = new AbortController()
    const reader = fixture.newReader()
    reader.texts.body = () =>
      new Promise((resolve) => {
        controller.abort(new Error('too slow'))
        setTimeout(() => resolve({ texts: [''], headers: [] }), 20)
      })
    const place = {
      db: fixture.db,
      blobs: fixture.blobs,
      reader,
      index: fixture.open(inbox),
      keywords: new KeywordNames(fixture.db),
      accounts: [anna],
    }
    await expect(
      searchMailbox(place, { kind: 'body', text: 'nowhere' }, { signal: controller.signal }),
    ).rejects.toThrow('too slow')
  })

  test('entries that come and go while a search waits do not disturb it', async () => {
    const index = fixture.open()
    const reader = fixture.newReader()
    const body = reader.texts.body.bind(reader.texts)
    reader.texts.body = async (db, blobs, message) => {
      index.entries.removeAt([0])
      return body(db, blobs, message)
    }
    const place = {
      db: fixture.db,
      blobs: fixture.blobs,
      reader,
      index,
      keywords: new KeywordNames(fixture.db),
      accounts: [anna],
    }
    const found = await searchMailbox(place, {
      kind: 'and',
      of: [
        { kind: 'body', text: 'body' },
        { kind: 'uids', uids: [[1, 9]] },
      ],
    })
    expect(Array.from(found)).toEqual([1, 2, 3])
  })
})
