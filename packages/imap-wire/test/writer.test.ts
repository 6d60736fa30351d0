// Responses: RFC 9051 §7 and §9, RFC 5530, RFC 4315 §3; and any text read back by the parser.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ImapError, type ResponseCode, recentFlag, systemFlags, Writer } from '../src/index.js'
import { bytes, parsed, textOf } from './wire-bytes.js'

function written(write: (w: Writer) => unknown, { utf8 = false } = {}): string {
  const w = new Writer({ utf8 })
  write(w)
  return textOf(w.take())
}

describe('words', () => {
  test.each<[name: string, write: (w: Writer) => unknown, text: string]>([
    ['string', (w) => w.string('a b'), '"a b"'],
    ['string', (w) => w.string(''), '""'],
    ['string', (w) => w.string('a "b" \\c'), '"a \\"b\\" \\\\c"'],
    ['string', (w) => w.string('a\r\nb'), '{4}\r\na\r\nb'],
    ['string', (w) => w.string('\u00fc'), '{2}\r\n\u00fc'],
    ['nstring', (w) => w.nstring(undefined), 'NIL'],
    ['nstring', (w) => w.nstring('NIL'), '"NIL"'],
    ['astring', (w) => w.astring('INBOX'), 'INBOX'],
    ['astring', (w) => w.astring(''), '""'],
    ['astring', (w) => w.astring('Nil'), '"Nil"'],
    ['astring', (w) => w.astring('50%'), '"50%"'],
    ['astring', (w) => w.astring('x]'), 'x]'],
    ['mailbox', (w) => w.mailbox('Entw\u00fcrfe'), 'Entw&APw-rfe'],
    ['mailbox', (w) => w.mailbox('Q&A'), 'Q&-A'],
    ['mailbox', (w) => w.mailbox('Sent Mail'), '"Sent Mail"'],
    ['literal8', (w) => w.literal8(bytes('a\0b')), '~{3}\r\na\0b'],
    ['literalHead', (w) => w.literalHead(4294967296), '{4294967296}\r\n'],
    ['list', (w) => w.list(['a', 'b'], (each) => w.string(each)), '("a" "b")'],
    ['list', (w) => w.list([], () => w.nil()), '()'],
    ['flags', (w) => w.flags(0, []), '()'],
    ['flags', (w) => w.flags(systemFlags.seen | systemFlags.draft, []), '(\\Seen \\Draft)'],
    ['flags', (w) => w.flags(31, ['$Junk']), '(\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk)'],
    ['flags', (w) => w.flags(recentFlag | systemFlags.seen, []), '(\\Seen \\Recent)'],
    ['flags', (w) => w.flags(recentFlag, ['a']), '(\\Recent a)'],
    ['flags', (w) => w.flags(0, ['a', 'b']), '(a b)'],
    ['line', (w) => w.line('a\r\nb \u00fc\u{1f600}'), 'a b ??'],
  ])('%s', (_name, write, text) => {
    expect(written(write)).toBe(text)
  })

  test('in UTF-8, once it is enabled', () => {
    const enabled = { utf8: true }
    expect(written((w) => w.string('\u00fc'), enabled)).toBe('"\u00fc"')
    expect(written((w) => w.mailbox('Entw\u00fcrfe & Co'), enabled)).toBe('"Entw\u00fcrfe & Co"')
    expect(written((w) => w.line('\u00fc'), enabled)).toBe('\u00fc')
  })

  test('any number', () => {
    for (const value of [0, 9, 10, 99, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 1e18, Number.MAX_SAFE_INTEGER, 1e9])
      expect(written((w) => w.number(value))).toBe(BigInt(value).toString())
    for (let value = 1; value < Number.MAX_SAFE_INTEGER; value *= 10) {
      expect(written((w) => w.number(value))).toBe(`${value}`)
      expect(written((w) => w.number(value - 1))).toBe(`${value - 1}`)
    }
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(written((w) => w.number(value))).toBe(`${value}`)
      }),
    )
  })

  test('any text is read back', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 }).map((value) => value.replaceAll('\0', ''))
    fc.assert(
      fc.property(text, fc.boolean(), (value, utf8) => {
        expect(
          parsed(
            written((w) => w.string(value), { utf8 }),
            (p) => p.string(),
            { utf8 },
          ),
        ).toBe(value)
        expect(
          parsed(
            written((w) => w.astring(value), { utf8 }),
            (p) => p.astring(),
            { utf8 },
          ),
        ).toBe(value)
        fc.pre(value.toUpperCase() !== 'INBOX')
        expect(
          parsed(
            written((w) => w.mailbox(value), { utf8: false }),
            (p) => p.mailbox(),
          ),
        ).toBe(value)
      }),
      { numRuns: 300 },
    )
  })

  test('long text of any script, at any place in the room', () => {
    for (const unit of ['a', '\u00fc', '\u20ac', '\u{1f600}'])
      for (const before of [0, 1, 500, 511, 512])
        for (const length of [1, 63, 64, 65, 300, 5000]) {
          const text = unit.repeat(length)
          expect(written((w) => w.raw('x'.repeat(before)).raw(text).raw('y'))).toBe(`${'x'.repeat(before)}${text}y`)
        }
  })

  test('what was taken is not touched again', () => {
    const w = new Writer()
    const first = w.raw('first').take()
    expect(w.length).toBe(0)
    w.raw('other')
    expect(w.length).toBe(5)
    expect(textOf(first)).toBe('first')
    expect(textOf(w.take())).toBe('other')
    expect(w.take()).toHaveLength(0)
  })
})

describe('status responses', () => {
  test.each<[code: ResponseCode, text: string]>([
    ['READ-WRITE', 'READ-WRITE'],
    [{ name: 'BADCHARSET', charsets: ['UTF-8'] }, 'BADCHARSET (UTF-8)'],
    [{ name: 'CAPABILITY', capabilities: ['IMAP4rev1', 'AUTH=PLAIN'] }, 'CAPABILITY IMAP4rev1 AUTH=PLAIN'],
    [{ name: 'PERMANENTFLAGS', flags: ['\\Seen', 'x]', '\\*'] }, 'PERMANENTFLAGS (\\Seen \\*)'],
    [{ name: 'PERMANENTFLAGS', flags: [] }, 'PERMANENTFLAGS ()'],
    [{ name: 'UIDVALIDITY', value: 3857529045 }, 'UIDVALIDITY 3857529045'],
    [{ name: 'HIGHESTMODSEQ', value: 715194045007 }, 'HIGHESTMODSEQ 715194045007'],
    [{ name: 'APPENDUID', uidValidity: 38505, uids: [3955] }, 'APPENDUID 38505 3955'],
    [
      { name: 'COPYUID', uidValidity: 38505, from: Uint32Array.of(304, 319, 320), to: [3956, 3957, 3958] },
      'COPYUID 38505 304,319:320 3956:3958',
    ],
    [{ name: 'MODIFIED', numbers: [7, 9] }, 'MODIFIED 7,9'],
    [{ name: 'MAILBOXID', id: 'F2212ea87-6097-4256-9d51-71338625' }, 'MAILBOXID (F2212ea87-6097-4256-9d51-71338625)'],
    [{ name: 'other', atom: 'BADURL', text: 'x]y' }, 'BADURL x y'],
    [{ name: 'other', atom: 'METADATA' }, 'METADATA'],
  ])('%j', (code, text) => {
    expect(written((w) => w.status('a1', { kind: 'OK', code, text: 'Done' }))).toBe(`a1 OK [${text}] Done\r\n`)
  })

  test('tagged, untagged, continued', () => {
    expect(written((w) => w.status('*', { kind: 'BYE', text: 'Bye' }))).toBe('* BYE Bye\r\n')
    expect(written((w) => w.status('a', new ImapError('NO', 'No such mailbox', { code: 'NONEXISTENT' })))).toBe(
      'a NO [NONEXISTENT] No such mailbox\r\n',
    )
    expect(written((w) => w.status('a', new ImapError('BAD', 'Evil\r\n* BYE')))).toBe('a BAD Evil * BYE\r\n')
    expect(written((w) => w.continuation('idling'))).toBe('+ idling\r\n')
    expect(written((w) => w.continuation(''))).toBe('+ \r\n')
    expect(written((w) => w.untagged().number(172).raw(' EXISTS').crlf())).toBe('* 172 EXISTS\r\n')
  })
})

test('room that is given back is written to again, and nothing of before is left in it', () => {
  const w = new Writer()
  const first = w.raw('a'.repeat(1_000)).take()
  w.giveBack(first)
  const second = w.raw('b').take()
  expect(second.buffer).toBe(first.buffer)
  expect(textOf(second)).toBe('b')
  // Not in the middle of something.
  w.raw('c').giveBack(second)
  expect(textOf(w.raw('d').take())).toBe('cd')
})

test('whole pieces are taken, and what is behind them is the beginning of the next, in room that was given back', () => {
  const w = new Writer()
  const text = Array.from({ length: 1_000 }, (_, i) => `${i} `).join('')
  const rooms = new Set()
  let got = ''
  for (let at = 0; at < text.length; at += 70) {
    w.raw(text.slice(at, at + 70))
    if (w.length < 256) continue
    const taken = w.takeWhole(64)
    expect(taken.length % 64).toBe(0)
    expect(taken.length).toBeGreaterThanOrEqual(256)
    rooms.add(taken.buffer)
    got += textOf(taken)
    w.giveBack(taken)
  }
  expect(got + textOf(w.take())).toBe(text)
  expect(rooms.size).toBe(2)
})
