// What THREAD is given: equal things have equal numbers, whether the index has the messages or not, and as mail comes.

import { expect, test } from 'vitest'
import { KeywordNames } from '../src/sqlite/keywords.js'
import { threadingOf } from '../src/sqlite/search-threads.js'
import type { Threading } from '../src/store.js'
import { anna, SearchFixture } from './search-fixture.js'

const first = 'Subject: Lunch\r\nMessage-ID: <a@x>\r\nDate: Thu, 03 Apr 2025 10:00:00 +0000\r\n\r\n'
const reply = 'Subject: RE: lunch\r\nMessage-ID: <b@x>\r\nReferences: <z@x> <a@x>\r\n\r\n'
const bare = 'Date: Thu, 03 Apr 2025 09:00:00 +0000\r\n\r\nNeither subject nor id.'
/** Ten o'clock of that day, as the first message's Date. */
const ten = Date.UTC(2025, 3, 3, 10) / 1000

function ask(fixture: SearchFixture, index = fixture.open()): (uids: number[]) => Promise<Threading> {
  const { db, blobs, reader } = fixture
  const place = { db, blobs, reader, index, keywords: new KeywordNames(db), accounts: [anna] }
  return (uids) => threadingOf(place, Uint32Array.from(uids))
}

test.each([['not indexed'], ['indexed']])('ranks, numbers and references: %s', async (state) => {
  const fixture = new SearchFixture()
  await fixture.deliver(first, { internalDate: 0 })
  // Without Date: the internal one, which is the first message's sent date.
  await fixture.deliver(reply, { internalDate: ten })
  await fixture.deliver(bare, { internalDate: 0 })
  if (state === 'indexed') fixture.index()
  const all = await ask(fixture)([1, 2, 3])
  expect(Array.from(all.dates)).toEqual([1, 1, 0])
  expect(all.dateCount).toBe(2)
  expect(Array.from(all.subjects)).toEqual([1, 1, 0])
  expect(Array.from(all.isReply)).toEqual([0, 1, 0])
  const [a, b, none] = Array.from(all.own) as [number, number, number]
  expect([a !== b, a > 0, b > 0, none]).toEqual([true, true, true, 0])
  expect(Array.from(all.starts)).toEqual([0, 0, 2, 2])
  expect(all.refs[1]).toBe(a)
  expect([...all.own, ...all.refs].every((id) => id <= all.idCount)).toBe(true)
  await fixture.close()
})

test('some of them, and without an empty subject 0 stays free', async () => {
  const fixture = new SearchFixture()
  for (const mail of [first, reply, first.replace('Lunch', 'Dinner')])
    await fixture.deliver(mail, { internalDate: ten })
  const threading = ask(fixture)
  const some = await threading([1, 3])
  expect([some.subjects[0], some.subjects[1], some.subjectCount]).toEqual([2, 1, 3])
  expect(Array.from(some.starts)).toEqual([0, 0, 0])
  const reversed = await threading([2])
  expect(Array.from(reversed.refs.subarray(0, 2))).toHaveLength(2)
  expect(reversed.refs[1]).toBe((await threading([1])).own[0])
  expect((await threading([])).own).toHaveLength(0)
  await fixture.close()
})
