// RFC 9051 §9 "date", "date-time"; checked against the language's own calendar.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dateOfDay, dayNumber, formatDateTime, parseDateText, parseDateTime, Writer } from '../src/index.js'
import { textOf } from './wire-bytes.js'

test.each([
  ['17-Jul-1996 02:44:25 -0700', 837596665, -420],
  [' 1-Jan-1970 00:00:00 +0000', 0, 0],
  ['31-Dec-1969 23:59:59 +0000', -1, 0],
  ['20-Mar-2018 03:07:37 +1100', 1521475657, 660],
  ['29-Feb-2000 12:00:00 +0530', 951805800, 330],
  ['31-Dec-9999 23:59:59 +0000', 253402300799, 0],
  [' 1-Jan-0000 00:00:00 +0000', -62167219200, 0],
])('%s, both ways', (text, seconds, zone) => {
  expect(parseDateTime(text)).toEqual({ seconds, zone })
  expect(formatDateTime(seconds, zone)).toBe(text)
  expect(textOf(new Writer().dateTime(seconds, zone).take())).toBe(`"${text}"`)
})

test.each([
  ['1-Jan-1970 00:00:00 +0000', 0],
  ['01-jan-1970 00:00:00 -0000', 0],
  ['31-Dec-1998 23:59:60 +0000', 915148800],
])('%s is understood', (text, seconds) => {
  expect(parseDateTime(text)).toEqual({ seconds, zone: 0 })
})

test.each([
  '17-Jul-1996',
  '17-Jul-96 02:44:25 -0700',
  '32-Jul-1996 02:44:25 -0700',
  '00-Jul-1996 02:44:25 -0700',
  '29-Feb-1900 02:44:25 -0700',
  '17-Jux-1996 02:44:25 -0700',
  '17-Jul-1996 02:60:25 -0700',
  '17-Jul-1996 02:44:61 -0700',
  '17-Jul-1996 02:44:25 GMT',
  '17-Jul-1996 02:44:25 -0760',
  '17-Jul-1996 02:44:25 -2400',
  '17-Jul-1996 2:44:25 -0700',
  ' 17-Jul-1996 02:44:25 -0700 ',
  '',
])('%j is none', (text) => {
  expect(parseDateTime(text)).toBeUndefined()
})

test('dates', () => {
  expect(parseDateText('1-Feb-1994')).toEqual({ year: 1994, month: 2, day: 1 })
  expect(parseDateText('5-MAR-2000')).toEqual({ year: 2000, month: 3, day: 5 })
  for (const text of ['30-Feb-2000', '1-Feb-94', '1 Feb 1994', '001-Feb-1994', '']) {
    expect(parseDateText(text)).toBeUndefined()
  }
})

const days = fc.integer({ min: -719_528, max: 2_932_896 })

test('every day is the calendar’s', () => {
  fc.assert(
    fc.property(days, (number) => {
      const date = new Date(number * 86_400_000)
      const { year, month, day } = dateOfDay(number)
      expect([year, month, day]).toEqual([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()])
      expect(dayNumber({ year, month, day })).toBe(number)
    }),
    { numRuns: 2000 },
  )
})

test('any moment in any zone is written and read back', () => {
  const seconds = fc.integer({ min: -62_000_000_000, max: 253_000_000_000 })
  fc.assert(
    fc.property(seconds, fc.integer({ min: -1439, max: 1439 }), (moment, zone) => {
      expect(parseDateTime(formatDateTime(moment, zone))).toEqual({ seconds: moment, zone })
    }),
    { numRuns: 1000 },
  )
})

test('what no year can say is brought to the nearest that can', () => {
  expect(formatDateTime(1e15)).toBe('31-Dec-9999 23:59:59 +0000')
  expect(formatDateTime(-1e15)).toBe(' 1-Jan-0000 00:00:00 +0000')
})
