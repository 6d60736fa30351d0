// The arguments of the other commands: LIST, STATUS, SELECT, CREATE, STORE, APPEND, ID, ENABLE, with the RFCs' own examples.
import { describe, expect, test } from 'vitest'
import {
  type AppendMessage,
  appendMessage,
  appendMessageEnd,
  baseListReturns,
  baseListSelects,
  baseStatusAtts,
  type Command,
  condstoreSelectParams,
  condstoreStoreModifiers,
  createParams,
  enableCapabilities,
  Framer,
  ImapError,
  idParamsList,
  listReturnOpts,
  listSelectOpts,
  mboxOrPat,
  Parser,
  selectParams,
  statusAtts,
  storeAttFlags,
  storeModifiers,
  useCreateParam,
} from '../src/index.js'
import { bytes, parsed, textOf } from './wire-bytes.js'

function refuses(rule: (p: Parser) => unknown, texts: readonly string[]): void {
  for (const text of texts) expect(() => parsed(text, rule), text).toThrow(ImapError)
}

describe('LIST', () => {
  const status = {
    STATUS: (p: Parser) => {
      p.sp()
      return statusAtts(p, baseStatusAtts)
    },
  }
  const list = (p: Parser) => {
    const select = listSelectOpts(p, { ...baseListSelects, 'SPECIAL-USE': true })
    const reference = p.mailbox()
    p.sp()
    const patterns = mboxOrPat(p)
    return { select, reference, patterns, returns: listReturnOpts(p, { ...baseListReturns, ...status }) }
  }
  const nothing = { select: undefined, reference: '', returns: undefined }

  test.each<[text: string, list: object]>([
    ['"" *', { patterns: ['*'] }],
    ['"" ""', { patterns: [''] }],
    ['~/Mail/ %', { reference: '~/Mail/', patterns: ['%'] }],
    ['#news.comp.mail.misc ""', { reference: '#news.comp.mail.misc', patterns: [''] }],
    ['(SUBSCRIBED) "" "*"', { select: { SUBSCRIBED: true }, patterns: ['*'] }],
    ['() "" "%" RETURN (CHILDREN)', { select: {}, patterns: ['%'], returns: { CHILDREN: true } }],
    ['(SPECIAL-USE) "" "*"', { select: { 'SPECIAL-USE': true }, patterns: ['*'] }],
    ['"" ("INBOX" "Drafts" "Sent/%")', { patterns: ['INBOX', 'Drafts', 'Sent/%'] }],
    ['"" "&AOQ-*"', { patterns: ['\u00e4*'] }],
    [
      '(SUBSCRIBED RECURSIVEMATCH) "" foo RETURN (CHILDREN)',
      { select: { SUBSCRIBED: true, RECURSIVEMATCH: true }, patterns: ['foo'], returns: { CHILDREN: true } },
    ],
    [
      '"" % RETURN (STATUS (MESSAGES UNSEEN) SUBSCRIBED)',
      { patterns: ['%'], returns: { STATUS: ['messages', 'unseen'], SUBSCRIBED: true } },
    ],
    ['"" % RETURN ()', { patterns: ['%'], returns: {} }],
  ])('%s', (text, expected) => {
    expect(parsed(text, list)).toEqual({ ...nothing, ...expected })
  })

  test('refused', () => {
    refuses(list, ['', '""', '"" ()', '(RECURSIVEMATCH) "" *', '(REMOTE RECURSIVEMATCH) "" *', '(FOO) "" *'])
    refuses(list, ['"" * RETURN', '"" * FOO', '"" * RETURN (STATUS)', '"" * RETURN (STATUS ())', '% *'])
  })

  test('STATUS items, each once', () => {
    expect(parsed('(UIDNEXT MESSAGES uidnext RECENT)', (p) => statusAtts(p, baseStatusAtts))).toEqual([
      'uidNext',
      'messages',
      'recent',
    ])
    refuses((p) => statusAtts(p, baseStatusAtts), ['()', 'MESSAGES', '(FOO)'])
  })
})

describe('SELECT', () => {
  const select = (p: Parser) => {
    const mailbox = p.mailbox()
    return { mailbox, ...selectParams(p, condstoreSelectParams) }
  }

  test.each<[text: string, select: object]>([
    ['inbox', { mailbox: 'INBOX' }],
    ['INBOX (CONDSTORE)', { mailbox: 'INBOX', CONDSTORE: true }],
    [
      'INBOX (QRESYNC (67890007 20050715194045000 41,43:211,214:541))',
      {
        mailbox: 'INBOX',
        QRESYNC: {
          uidValidity: 67890007,
          modSeq: Number.MAX_SAFE_INTEGER,
          knownUids: [
            [41, 41],
            [43, 211],
            [214, 541],
          ],
          seqMatch: undefined,
        },
      },
    ],
    [
      'INBOX (QRESYNC (67890007 90060115194045000 41:211,214:541 (1:2 3:4)))',
      { QRESYNC: expect.objectContaining({ seqMatch: { numbers: [[1, 2]], uids: [[3, 4]] } }) },
    ],
    [
      'INBOX (QRESYNC (1 2 (1 3)) CONDSTORE)',
      { QRESYNC: expect.objectContaining({ knownUids: undefined, seqMatch: { numbers: [[1, 1]], uids: [[3, 3]] } }) },
    ],
    ['INBOX (QRESYNC (1 2))', { QRESYNC: { uidValidity: 1, modSeq: 2, knownUids: undefined, seqMatch: undefined } }],
  ])('%s', (text, expected) => {
    expect(parsed(text, select)).toMatchObject(expected)
  })

  test('refused', () => {
    refuses(select, ['INBOX (BLURDYBLOOP)', 'INBOX (QRESYNC)', 'INBOX (QRESYNC (0 1))', 'INBOX (QRESYNC (1 0))'])
    refuses(select, ['INBOX (QRESYNC (1 1 1:*))', 'INBOX (QRESYNC (1 1 1 2))', 'INBOX x', 'INBOX (CONDSTORE'])
  })

  test('CREATE with a special use', () => {
    const create = (p: Parser) => {
      const mailbox = p.mailbox()
      return { mailbox, ...createParams(p, useCreateParam) }
    }
    expect(parsed('MySpecial (USE (\\Drafts \\Sent))', create)).toEqual({
      mailbox: 'MySpecial',
      USE: ['\\Drafts', '\\Sent'],
    })
    expect(parsed('"owatagusiam/"', create)).toEqual({ mailbox: 'owatagusiam/' })
  })
})

describe('STORE', () => {
  const store = (p: Parser) => ({ ...storeModifiers(p, condstoreStoreModifiers), ...storeAttFlags(p) })
  const deleted = { system: 8, keywords: [] }

  test.each<[text: string, store: object]>([
    ['+FLAGS (\\Deleted)', { how: 'add', silent: false, flags: deleted }],
    ['-flags.silent \\Deleted', { how: 'remove', silent: true, flags: deleted }],
    ['FLAGS.SILENT ()', { how: 'replace', silent: true, flags: { system: 0, keywords: [] } }],
    ['FLAGS \\Seen $Junk', { how: 'replace', silent: false, flags: { system: 1, keywords: ['$Junk'] } }],
    ['(UNCHANGEDSINCE 0) +FLAGS (\\Deleted)', { UNCHANGEDSINCE: 0, how: 'add', silent: false, flags: deleted }],
    [
      '(UNCHANGEDSINCE 320162338) +FLAGS.SILENT \\Deleted',
      { UNCHANGEDSINCE: 320162338, how: 'add', silent: true, flags: deleted },
    ],
  ])('%s', (text, expected) => {
    expect(parsed(text, store)).toEqual(expected)
  })

  test('refused', () => {
    refuses(store, ['FLAGS', '*FLAGS ()', '+FOO ()', 'FLAGS \\Foo', '(UNCHANGEDSINCE) FLAGS ()', '(X) FLAGS ()'])
  })
})

describe('APPEND', () => {
  const append = (p: Parser) => {
    const mailbox = p.mailbox()
    const messages = []
    do {
      const message = appendMessage(p)
      appendMessageEnd(p, message)
      messages.push(message)
    } while (!p.isAtEnd())
    return { mailbox, messages }
  }
  const none = { flags: undefined, date: undefined, utf8: false }

  test.each<[text: string, mailbox: string, messages: object[]]>([
    ['saved-messages (\\Seen) {3}\r\nabc', 'saved-messages', [{ ...none, flags: { system: 1, keywords: [] } }]],
    ['x {3+}\r\nabc', 'x', [none]],
    ['x ~{3}\r\na\0c', 'x', [none]],
    ['x UTF8 (~{3+}\r\nabc)', 'x', [{ ...none, utf8: true }]],
    ['INBOX "20-Mar-2018 03:07:37 +1100" {3}\r\nabc', 'INBOX', [{ ...none, date: { seconds: 1521475657, zone: 660 } }]],
    [
      'x (\\Seen) " 7-Feb-1994 22:43:04 -0800" {3}\r\nabc {1+}\r\nx () UTF8 (~{0+}\r\n)',
      'x',
      [{ flags: { system: 1 }, date: { zone: -480 } }, none, { flags: { system: 0 }, utf8: true }],
    ],
  ])('%s', (text, mailbox, messages) => {
    const found = parsed(text, append)
    expect(found.mailbox).toBe(mailbox)
    expect(found.messages).toHaveLength(messages.length)
    expect(found.messages).toMatchObject(messages)
  })

  // As a session has it: literals come while the command is read.
  test('two messages, streamed, behind a name that is a literal', () => {
    const framer = new Framer()
    const told: string[] = []
    let p: Parser | undefined
    let message: AppendMessage | undefined
    const announced = (made: Command): 'hold' | 'stream' => {
      if (p === undefined) {
        p = new Parser(made)
        told.push(p.tag())
        p.sp()
        told.push(p.name())
        p.sp()
      } else p.resume()
      if (p.isAtAnnouncement()) return 'hold'
      if (message === undefined) told.push(p.mailbox())
      else appendMessageEnd(p, message)
      message = appendMessage(p)
      told.push(`${message.flags?.system} ${message.literal.size}`)
      return 'stream'
    }
    for (const byte of bytes('a1 APPEND {5}\r\nNotes')) framer.push(Uint8Array.of(byte))
    framer.push(bytes(' (\\Seen) UTF8 (~{3+}\r\nabc) () {2}\r\nde\r\n'))
    for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
      if (frame.kind === 'literal') framer[announced(frame.command)]()
      else if (frame.kind === 'chunk') told.push(textOf(frame.bytes))
      else if (frame.kind === 'command') {
        p!.resume()
        appendMessageEnd(p!, message!)
        p!.end()
        told.push('whole')
      }
    }
    expect(told).toEqual(['a1', 'APPEND', 'Notes', '1 3', 'abc', '0 2', 'de', 'whole'])
  })

  test('refused', () => {
    refuses(append, ['x', 'x "abc"', 'x abc', 'x () () {1+}\r\nx', 'x "1-Jan-2000" {1+}\r\nx', 'x {1+}\r\nx y'])
    refuses(append, ['x UTF8 ({1+}\r\nx)', 'x UTF8 (~{1+}\r\nx', 'x CATENATE (URL "x")', 'x (\\Foo) {1+}\r\nx'])
  })
})

describe('ID and ENABLE', () => {
  test.each<[text: string, found: [string, string | undefined][]]>([
    ['NIL', []],
    ['()', []],
    [
      '("name" "sodr" "Version" "19.34" "vendor" NIL)',
      [
        ['name', 'sodr'],
        ['version', '19.34'],
        ['vendor', undefined],
      ],
    ],
    ['("name" "a" "NAME" "b")', [['name', 'a']]],
  ])('ID %s', (text, found) => {
    expect([...parsed(text, idParamsList)]).toEqual(found)
  })

  test('ID has limits', () => {
    const pairs = (count: number) => `(${Array.from({ length: count }, (_, i) => `"f${i}" "v"`).join(' ')})`
    expect(parsed(pairs(30), idParamsList).size).toBe(30)
    refuses(idParamsList, [pairs(31), '("a")', '(a b)', '("a" b)', '("a" "b"'])
    expect(parsed(`("f" "${'v'.repeat(5000)}")`, idParamsList).get('f')).toHaveLength(1024)
  })

  test('ENABLE', () => {
    expect(parsed(' CONDSTORE X-good-Idea', enableCapabilities)).toEqual(['CONDSTORE', 'X-GOOD-IDEA'])
    expect(parsed(' UTF8=ACCEPT', enableCapabilities)).toEqual(['UTF8=ACCEPT'])
    refuses(enableCapabilities, ['', ' ', ' (X)'])
  })
})
