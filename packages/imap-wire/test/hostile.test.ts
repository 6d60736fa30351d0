// For any bytes: every rule reads them, or throws an ImapError that says why, and nothing else.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Command, Framer, ImapError, listPattern, Parser, type Rule, Writer } from '../src/index.js'
import { everyRule, wholeCommand } from './every-rule.js'
import { bytes, command, textOf } from './wire-bytes.js'

const rules = Object.entries(everyRule)

function expectSound(made: Command, utf8: boolean): void {
  for (const [name, rule] of rules) {
    expectValueOrError(name, () => rule(new Parser(made, { utf8 })))
    expectValueOrError(name, () => wholeCommand(new Parser(made, { utf8 }), rule))
  }
}

function expectValueOrError(name: string, run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof ImapError)) throw new Error(`${name} threw`, { cause: error })
    expect(error.text.length).toBeGreaterThan(0)
    // It can be sent as it is, whatever of the client's bytes is in it.
    const sent = textOf(new Writer().status('a', error).take())
    expect(sent).toMatch(/^a (?:BAD |NO \[BADCHARSET)[\x20-\x7e]*\r\n$/)
  }
}

test('any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (data, utf8) => {
      expectSound({ pieces: [{ kind: 'line', bytes: data }] }, utf8)
    }),
    { numRuns: 150 },
  )
})

/** Pieces that mean something to the grammar, in any order. */
const words = fc.constantFrom(
  ...[' ', ' ', ' ', '(', ')', '[', ']', '<', '>', '"', '\\', '*', '%', '$', ':', ',', '.', '+', '-', '=', '{', '~'],
  ...['0', '1', '42', '4294967295', '99999999999999999999', '1:*', '2,4:7', 'NIL', 'INBOX', '&AOQ-', '&', '\u00fc'],
  ...['ALL', 'NOT', 'OR', 'SEEN', 'FROM', 'HEADER', 'UID', 'KEYWORD', 'SINCE', '1-Feb-1994', 'CHARSET', 'UTF-8'],
  ...['BODY', 'BODY.PEEK', 'HEADER.FIELDS', 'TEXT', 'MIME', 'BINARY', 'FLAGS', '\\Seen', '\\*', '$Junk', 'RETURN'],
  ...['MODSEQ', 'QRESYNC', 'CONDSTORE', 'CHANGEDSINCE', 'UNCHANGEDSINCE', 'STATUS', 'MESSAGES', 'UTF8', 'REVERSE'],
  ...['DATE', '"17-Jul-1996 02:44:25 -0700"', '"abc"', '{3}\r\nabc', '{3+}\r\n\r\n"', '~{2+}\r\n\0\0', '{0}\r\n'],
  ...['USE', 'SUBSCRIBED', 'RECURSIVEMATCH', 'CHILDREN', 'MIN', 'toString', '__proto__', 'constructor', 'a1', 'X'],
)

test('any order of the words of the grammar', () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 25 }), fc.boolean(), (list, utf8) => {
      const framer = new Framer()
      framer.push(bytes(`${list.join('')}\r\n`))
      for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
        if (frame.kind === 'literal') {
          expectSound(frame.command, utf8)
          framer.hold()
        } else if (frame.kind === 'command') expectSound(frame.command, utf8)
      }
    }),
    { numRuns: 400 },
  )
})

/** Commands that are right, one for each rule that has a structure. */
const right: readonly (readonly [rule: Rule<unknown>, text: string])[] = [
  [everyRule.fetch!, 'a FETCH (FLAGS BODY.PEEK[1.2.HEADER.FIELDS (From {2}\r\nTo)]<0.12> BINARY[3]) (CHANGEDSINCE 5)'],
  [
    everyRule.search!,
    'a SEARCH RETURN (MIN SAVE) CHARSET UTF-8 OR (SEEN 1:4,$) NOT SUBJECT {4}\r\n\u00fc\u00fc SINCE 1-Feb-1994',
  ],
  [everyRule.sort!, 'a SORT (REVERSE DATE SUBJECT) UTF-8 UID 4:* HEADER X "a\\"b"'],
  [everyRule.list!, 'a LIST (SUBSCRIBED RECURSIVEMATCH) "" ("INBOX/%" *) RETURN (CHILDREN)'],
  [everyRule.select!, 'a SELECT "&AOQ-x" (QRESYNC (67890007 2005 41,43:211 (1:2 3:4)) CONDSTORE)'],
  [everyRule.store!, 'a STORE (UNCHANGEDSINCE 12) +FLAGS.SILENT (\\Seen $Junk)'],
  [everyRule.append!, 'a APPEND Drafts (\\Seen) " 7-Feb-1994 21:52:25 -0800" UTF8 (~{3+}\r\na\0b)'],
  [everyRule.idParamsList!, 'a ID ("name" "x" "version" NIL)'],
  [everyRule.credential!, 'a LOGIN "p\u00e4ss\\\\word"'],
]

test.each(right)('%# is right', (rule, text) => {
  expect(() => wholeCommand(new Parser(command(text)), rule)).not.toThrow()
})

test('a refusal is short, whatever it repeats of the client', () => {
  const p = new Parser({ pieces: [{ kind: 'line', bytes: bytes('X'.repeat(60_000)) }] })
  try {
    everyRule.search!(p)
  } catch (error) {
    expect((error as ImapError).text).toMatch(/^Unknown search key X{50,100}\.\.\.$/)
  }
  expect.assertions(1)
})

test('any damage to a command that is right', () => {
  const damage = fc.record({ at: fc.nat(120), drop: fc.nat(6), put: fc.oneof(fc.constant(''), words, fc.string()) })
  fc.assert(
    fc.property(fc.constantFrom(...right), fc.array(damage, { minLength: 1, maxLength: 3 }), ([rule, text], list) => {
      const damaged = list.reduce(
        (before, { at, drop, put }) =>
          before.slice(0, at % before.length) + put + before.slice((at % before.length) + drop) || ' ',
        text,
      )
      const framer = new Framer()
      framer.push(bytes(`${damaged}\r\n`))
      for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
        if (frame.kind === 'literal') {
          try {
            framer.hold()
          } catch (error) {
            expect(error).toBeInstanceOf(ImapError)
          }
        } else if (frame.kind === 'command') {
          const made = frame.command
          expectValueOrError('damaged', () => wholeCommand(new Parser(made), rule))
        }
      }
    }),
    { numRuns: 3000 },
  )
})

test('any pattern, any name', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (pattern, name) => void listPattern(pattern, '/')(name)))
})
