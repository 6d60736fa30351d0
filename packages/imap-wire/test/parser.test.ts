// The rules of words: RFC 9051 §9, each with what it takes and what it refuses.
import { describe, expect, test } from 'vitest'
import { commandOfLine, ImapError, Parser, tagOf } from '../src/index.js'
import { bytes, parsed, parserOf } from './wire-bytes.js'

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(ImapError)
    return `${(error as ImapError).kind} ${(error as ImapError).text}`
  }
  throw new Error('nothing was refused')
}

describe('words', () => {
  test.each<[rule: keyof Parser, text: string, value: unknown]>([
    ['tag', 'A001', 'A001'],
    ['tag', 'a]1.&', 'a]1.&'],
    ['atom', 'AUTH=PLAIN', 'AUTH=PLAIN'],
    ['name', 'iDlE', 'IDLE'],
    ['astring', 'Saved]', 'Saved]'],
    ['astring', '""', ''],
    ['astring', '"a \\"b\\" \\\\ c"', 'a "b" \\ c'],
    ['astring', '{7}\r\nfat man', 'fat man'],
    ['astring', '{4+}\r\n\r\n"(', '\r\n"('],
    ['astring', '{5}\r\nM\u00fcll', 'M\u00fcll'],
    ['string', '"x"', 'x'],
    ['nstring', 'NIL', undefined],
    ['nstring', 'nil', undefined],
    ['nstring', '"NIL"', 'NIL'],
    ['credential', 'joe', 'joe'],
    ['credential', '50%*off(', '50%*off('],
    ['credential', '"p\u00e4ss"', 'p\u00e4ss'],
    ['credential', 'p\u00e4ss', 'p\u00e4ss'],
    ['credential', '{2}\r\nxy', 'xy'],
    ['number', '0', 0],
    ['number', '0000000000000000007', 7],
    ['number', '4294967295', 4294967295],
    ['nzNumber', '1', 1],
    ['number64', '4294967296', 4294967296],
    ['number64', '9007199254740991', 9007199254740991],
    ['number64', '9223372036854775807', Number.MAX_SAFE_INTEGER],
    ['number64', `${'0'.repeat(50)}9223372036854775807`, Number.MAX_SAFE_INTEGER],
    ['mailbox', 'inBox', 'INBOX'],
    ['mailbox', '"INBOX"', 'INBOX'],
    ['mailbox', 'inbox/x', 'inbox/x'],
    ['mailbox', '"~peter/mail/&U,BTFw-/&ZeVnLIqe-"', '~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e'],
    ['listMailbox', '*', '*'],
    ['listMailbox', '~/Mail/%', '~/Mail/%'],
    ['listMailbox', '"INBOX.%"', 'INBOX.%'],
    ['flagKeyword', '$Forwarded', '$Forwarded'],
    ['flagKeyword', 'old]', 'old]'],
    ['flagExtension', '\\Drafts', '\\Drafts'],
    ['date', '1-Feb-1994', { year: 1994, month: 2, day: 1 }],
    ['date', '"01-feb-1994"', { year: 1994, month: 2, day: 1 }],
    ['dateTime', '"17-Jul-1996 02:44:25 -0700"', { seconds: 837596665, zone: -420 }],
    ['base64', 'dGVzdAB0ZXN0AHRlc3Q=', bytes('test\0test\0test')],
    ['base64', '', bytes('')],
    ['initialResponse', '=', bytes('')],
    ['initialResponse', 'AA==', bytes('\0')],
  ])('%s of %j', (rule, text, value) => {
    expect(parsed(text, (p) => (p[rule] as () => unknown).call(p))).toEqual(value)
  })

  test.each<[rule: keyof Parser, text: string, refusal: string]>([
    ['tag', '+x', 'BAD Tag expected at 1'],
    ['tag', '', 'BAD Tag expected at 1'],
    ['tag', ' x', 'BAD Tag expected at 1'],
    ['atom', '(', 'BAD Atom expected at 1'],
    ['astring', '"abc', 'BAD Closing quote expected at 5'],
    ['astring', '"a\rbc"', 'BAD Closing quote expected at 3'],
    ['astring', '"DOM\\user"', 'BAD Quoted special expected at 6'],
    ['astring', '"\u00fc"', 'BAD 7-bit character expected at 2'],
    ['astring', '\u00fc', 'BAD String expected at 1'],
    ['astring', ' x', 'BAD String expected at 1'],
    ['astring', '{2+}\r\nx\0', 'BAD NUL in a literal'],
    ['astring', '~{2+}\r\nxy', 'BAD A binary literal has no place here'],
    ['string', 'atom', 'BAD String expected at 1'],
    ['nstring', 'NILS', 'BAD String expected at 1'],
    ['number', 'x', 'BAD Number expected at 1'],
    ['number', '-1', 'BAD Number expected at 1'],
    ['number', '4294967296', 'BAD Number too large'],
    ['number', '9'.repeat(5000), 'BAD Number too large'],
    ['nzNumber', '0', 'BAD Non-zero number expected at 1'],
    ['nzNumber', '01', 'BAD Non-zero number expected at 1'],
    ['number64', '9223372036854775808', 'BAD Number too large'],
    ['number64', '9'.repeat(400), 'BAD Number too large'],
    ['seqNumber', '0', 'BAD Non-zero number expected at 1'],
    ['flagExtension', 'Seen', 'BAD "\\" expected at 1'],
    ['date', '31-Feb-2000', 'BAD Date expected at 12'],
    ['date', '1-Foo-2000', 'BAD Date expected at 11'],
    ['dateTime', '17-Jul-1996', 'BAD Date and time expected at 1'],
    ['dateTime', '"17-Jul-1996 24:00:00 +0000"', 'BAD Date and time expected at 29'],
    ['base64', 'AAA', 'BAD Invalid base64'],
    ['base64', 'A===', 'BAD Invalid base64'],
    ['messageLiteral', 'x', 'BAD Literal expected at 1'],
    ['uidSet', '1:*', 'BAD Only numbers can be in this set'],
    ['uidSet', '$', 'BAD Only numbers can be in this set'],
    ['end', 'x', 'BAD End of command expected at 1'],
    ['sp', 'x', 'BAD SP expected at 1'],
    ['flagList', '(\\Seen', 'BAD ")" expected at 7'],
    ['flagList', '(\\Seen \\Foo)', 'BAD Unknown flag \\Foo'],
    ['flagList', '( \\Seen)', 'BAD Flag expected at 2'],
    ['flagList', '(\\Seen  x)', 'BAD Flag expected at 8'],
  ])('%s refuses %j', (rule, text, expected) => {
    expect(refusal(() => parsed(text, (p) => (p[rule] as () => unknown).call(p)))).toBe(expected)
  })

  test('UTF-8 between quotes, once it is enabled', () => {
    expect(parsed('"\u00fc\\"\u{1f600}"', (p) => p.astring(), { utf8: true })).toBe('\u00fc"\u{1f600}')
    expect(parsed('"&AOQ-"', (p) => p.mailbox(), { utf8: true })).toBe('&AOQ-')
    expect(parsed('"\u00e4"', (p) => p.mailbox(), { utf8: true })).toBe('\u00e4')
    const broken = commandOfLine(Uint8Array.of(0x22, 0xff, 0x22))
    expect(refusal(() => new Parser(broken, { utf8: true }).string())).toBe('BAD Text that is not UTF-8')
  })

  test('a user name or password that is not UTF-8 is Latin-1, and no wrong command', () => {
    const octets = Uint8Array.of(0x70, 0xe4, 0x73, 0x73)
    const quoted = Uint8Array.of(0x22, ...octets, 0x22)
    for (const line of [octets, quoted]) expect(new Parser(commandOfLine(line)).credential()).toBe('p\u00e4ss')
    const literal = { kind: 'literal', size: 4, binary: false, synchronising: true, bytes: octets } as const
    const pieces = [{ kind: 'line', bytes: bytes('') }, literal, { kind: 'line', bytes: bytes('') }] as const
    expect(new Parser({ pieces: [...pieces] }).credential()).toBe('p\u00e4ss')
  })

  test('where a literal went before, the place is told behind it', () => {
    const p = parserOf('LOGIN {4}\r\nfred(x')
    p.name()
    p.sp()
    p.astring()
    expect(refusal(() => p.sp())).toBe('BAD SP expected at 1 after literal 1')
  })

  test('a command goes on behind a literal when more has come', () => {
    const pieces = [
      { kind: 'line', bytes: bytes('a ') },
      { kind: 'literal', size: 3, binary: false, synchronising: true, bytes: undefined },
    ] as const
    const growing: object[] = [...pieces]
    const p = new Parser({ pieces: growing as never })
    expect(p.tag()).toBe('a')
    p.sp()
    expect(p.messageLiteral().size).toBe(3)
    expect(p.isAtEnd()).toBe(true)
    growing.push({ kind: 'line', bytes: bytes(' b') })
    p.resume()
    p.sp()
    expect(p.atom()).toBe('b')
    p.end()
  })

  test('spaces at the end of a command are let pass', () => {
    expect(parsed('NOOP  ', (p) => p.name())).toBe('NOOP')
    expect(parsed('\\Seen ', (p) => p.flags())).toEqual({ system: 1, keywords: [] })
  })
})

describe('lists', () => {
  const list = (text: string) => parsed(text, (p) => p.list(() => p.atom()))

  test('members', () => {
    expect(list('(a b c)')).toEqual(['a', 'b', 'c'])
    expect(parsed('()', (p) => p.listOrEmpty(() => p.atom()))).toEqual([])
    for (const text of ['()', '(a', '(a )', 'a', '(a(b))']) expect(refusal(() => list(text))).toMatch(/^BAD/)
  })

  test('no more than the limits', () => {
    expect(list(`(${'a '.repeat(999)}a)`)).toHaveLength(1000)
    expect(refusal(() => list(`(${'a '.repeat(1000)}a)`))).toBe('BAD Too many arguments')
    type Nested = Nested[]
    const nested = (p: Parser): Nested => p.listOrEmpty(() => nested(p))
    const deep = (depth: number) => '('.repeat(depth) + ')'.repeat(depth)
    parsed(deep(101), nested) // the innermost is empty and goes no deeper
    expect(refusal(() => parsed(deep(102), nested))).toBe('BAD Too deeply nested')
  })
})

describe('flags', () => {
  test.each([
    ['(\\Seen \\Draft)', { system: 17, keywords: [] }],
    ['()', { system: 0, keywords: [] }],
    ['(\\SEEN $MDNSent \\answered Junk \\Flagged \\Deleted)', { system: 15, keywords: ['$MDNSent', 'Junk'] }],
    ['(\\Recent \\Seen)', { system: 1, keywords: [] }],
    ['(junk Junk JUNK x)', { system: 0, keywords: ['junk', 'x'] }],
    ['\\Seen NonJunk', { system: 1, keywords: ['NonJunk'] }],
  ])('%s', (text, flags) => {
    expect(parsed(text, (p) => p.flags())).toEqual(flags)
  })
})

test.each([
  ['a1 NOOP', 'a1'],
  ['a1', 'a1'],
  ['', '*'],
  [' x', '*'],
  ['+ x', '*'],
  ['a{5} x', '*'],
  ['a\0', '*'],
  ['x'.repeat(65), '*'],
])('the tag of %j', (start, tag) => {
  expect(tagOf(bytes(start))).toBe(tag)
})
