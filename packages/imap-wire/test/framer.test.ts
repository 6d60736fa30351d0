// Framing: the conversations of RFC 9051 §4.3, RFC 7888 §3 and RFC 3516, the limits, and the same frames for any slicing.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultFramerLimits, type Frame, Framer, type FramerLimits } from '../src/index.js'
import { bytes, textOf } from './wire-bytes.js'

type Choice = 'hold' | 'stream' | 'refuse'
type Choose = (announced: { size: number; line: string }) => Choice

/** What came out, each frame as one line of text; a streamed literal's chunks are joined. */
function told(framer: Framer, slices: Iterable<Uint8Array>, choose: Choose): string[] {
  const lines: string[] = []
  let streamed = ''
  const tell = (frame: Frame) => {
    if (frame.kind === 'command') {
      lines.push(
        frame.command.pieces
          .map((piece) => {
            if (piece.kind === 'line') return textOf(piece.bytes)
            return `<${piece.binary ? '~' : ''}${piece.bytes === undefined ? piece.size : textOf(piece.bytes)}>`
          })
          .join(''),
      )
    } else if (frame.kind === 'chunk') {
      streamed += textOf(frame.bytes)
      if (frame.isLast) {
        lines.push(`streamed ${streamed}`)
        streamed = ''
      }
    } else if (frame.kind === 'fault') {
      lines.push(`${frame.error.kind} ${frame.error.text}: ${textOf(frame.start)}`)
    } else {
      const line = frame.command.pieces.map((piece) => (piece.kind === 'line' ? textOf(piece.bytes) : '_')).join('')
      const { size, synchronising } = frame.literal
      const choice = choose({ size, line })
      try {
        framer[choice]()
        if (synchronising) lines.push(choice === 'refuse' ? 'NO' : '+')
      } catch (error) {
        lines.push(`thrown ${(error as Error).message}`)
      }
    }
  }
  for (const slice of slices) {
    framer.push(slice)
    for (let frame = framer.next(); frame !== undefined; frame = framer.next()) tell(frame)
  }
  return lines
}

const small: FramerLimits = { lineBytesMax: 40, commandBytesMax: 100, literalBytesMax: 30, skipBytesMax: 200 }
const whole = (data: Uint8Array) => [data]
const hold: Choose = () => 'hold'

function frames(input: string, { choose = hold, limits = small } = {}): string[] {
  return told(new Framer(limits), whole(bytes(input)), choose)
}

describe('lines and literals', () => {
  test.each<[name: string, input: string, frames: string[]]>([
    ['a line', 'a1 NOOP\r\n', ['a1 NOOP']],
    ['a bare LF', 'a1 NOOP\na2 NOOP\r\n', ['a1 NOOP', 'a2 NOOP']],
    ['blank lines', '\r\n\na1 NOOP\r\n', ['', '', 'a1 NOOP']],
    ['a CR inside stays', 'a1 NO\rOP\r\n', ['a1 NO\rOP']],
    ['nothing without its end', 'a1 NOOP', []],
    ['DONE and what follows it', 'a1 IDLE\r\nDONE\r\na2 NOOP\r\n', ['a1 IDLE', 'DONE', 'a2 NOOP']],
    ['RFC 9051 §4.3', 'A001 LOGIN {4}\r\nfred {5}\r\nx"}\r\n\r\n', ['+', '+', 'A001 LOGIN <fred> <x"}\r\n>']],
    ['RFC 7888 §3', 'A001 LOGIN {11+}\r\nFRED FOOBAR {7+}\r\nfat man\r\n', ['A001 LOGIN <FRED FOOBAR> <fat man>']],
    ['binary', 'a APPEND b ~{3}\r\n\0\r\n\r\n', ['+', 'a APPEND b <~\0\r\n>']],
    ['binary, not synchronising', 'a APPEND b UTF8 (~{2+}\r\nhi)\r\n', ['a APPEND b UTF8 (<~hi>)']],
    ['an empty literal', 'a LOGIN {0} {0+}\r\n\r\n', ['a LOGIN {0} <>']],
    ['an empty literal and no more', 'a X {0}\r\n\r\n', ['+', 'a X <>']],
    ['a literal in a literal is none', 'a X {6+}\r\n{99}\r\n\r\n', ['a X <{99}\r\n>']],
    ['no literal at all', 'a X {}\r\nb X {+}\r\nc {1 }\r\nd 5}\r\n', ['a X {}', 'b X {+}', 'c {1 }', 'd 5}']],
    ['an announcement alone', '{1}\r\nx\r\n', ['+', '<x>']],
    ['bare LF behind an announcement', 'a X {1+}\nx\n', ['a X <x>']],
  ])('%s', (_name, input, expected) => {
    expect(frames(input)).toEqual(expected)
  })

  test('a size is a number64', () => {
    const framer = new Framer()
    framer.push(bytes('a X {9223372036854775807}\r\n'))
    expect(framer.next()).toMatchObject({ kind: 'literal', literal: { size: 2 ** 63 } })
    framer.refuse()
    framer.push(bytes('a X {99999999999999999999}\r\n'))
    expect(framer.next()).toMatchObject({ kind: 'literal', literal: { size: Number.POSITIVE_INFINITY } })
  })

  test('a command grows while its literals come in', () => {
    const framer = new Framer()
    framer.push(bytes('a APPEND x {3}\r\n'))
    const announced = framer.next()
    if (announced?.kind !== 'literal') throw new Error('no literal')
    expect(announced.command.pieces).toHaveLength(2)
    framer.hold()
    framer.push(bytes('abc {1}\r\n'))
    expect(framer.next()?.kind).toBe('literal')
    expect(announced.command.pieces).toHaveLength(4)
    expect(announced.command.pieces[1]).toMatchObject({ bytes: bytes('abc') })
  })

  test('nothing comes before the owner has decided', () => {
    const framer = new Framer()
    framer.push(bytes('a X {1+}\r\nxyz\r\n'))
    expect(framer.next()?.kind).toBe('literal')
    expect(framer.next()).toBeUndefined()
    framer.hold()
    expect(framer.next()?.kind).toBe('command')
    expect(() => framer.hold()).toThrow('no literal is announced')
  })

  test('what follows STARTTLS is at hand', () => {
    const framer = new Framer()
    framer.push(bytes('a STARTTLS\r\nb NO'))
    framer.push(bytes('OP\r\n'))
    expect(framer.next()?.kind).toBe('command')
    expect(textOf(framer.takeRest())).toBe('b NOOP\r\n')
    expect(framer.next()).toBeUndefined()
    expect(framer.heldBytes).toBe(0)
    framer.push(bytes('begun in the clear'))
    expect(framer.next()).toBeUndefined()
    expect(textOf(framer.takeRest())).toBe('begun in the clear')
    framer.push(bytes('c NOOP\r\n'))
    expect(framer.next()).toMatchObject({ command: { pieces: [{ bytes: bytes('c NOOP') }] } })
  })
})

describe('limits', () => {
  const long = 'x'.repeat(41)
  test.each<[name: string, input: string, frames: string[]]>([
    ['a line as long as may be', `${'x'.repeat(40)}\r\n`, ['x'.repeat(40)]],
    [
      'a longer one is told once',
      `${long}\r\na2 NOOP\r\n`,
      [`BAD Command line too long: ${'x'.repeat(40)}`, 'a2 NOOP'],
    ],
    ['and again for the next', `${long}\r\n${long}\n`, Array(2).fill(`BAD Command line too long: ${'x'.repeat(40)}`)],
    ['a line of ids', `a FETCH ${'1,2:*,'.repeat(15)}\r\n`, [`a FETCH ${'1,2:*,'.repeat(15)}`]],
    [
      'a longer line of ids',
      `a FETCH ${'1,2:*,'.repeat(16)}\r\nb NOOP\r\n`,
      [`BAD Command line too long: ${`a FETCH ${'1,2:*,'.repeat(16)}`.slice(0, 40)}`, 'b NOOP'],
    ],
    [
      'all lines of a command',
      `a FETCH ${'1,2:*,'.repeat(14)} {1+}\r\nx FETCH\r\nb NOOP\r\n`,
      [`BAD Command line too long: ${`a FETCH ${'1,2:*,'.repeat(16)}`.slice(0, 40)}`, 'b NOOP'],
    ],
    ['NUL', 'a LOGIN x\0y z\r\nb NOOP\r\n', ['BAD NUL in a command: a LOGIN x\0y z', 'b NOOP']],
    ['a literal too large to hold', 'a X {31}\r\nb NOOP\r\n', ['thrown Literal too large', 'b NOOP']],
    [
      'all literals of a command',
      `a X {20+}\r\n${'l'.repeat(20)} {11+}\r\n${'m'.repeat(11)} n\r\nb NOOP\r\n`,
      ['thrown Literal too large', 'b NOOP'],
    ],
    [
      'literals behind one that is dropped',
      `a X {31+}\r\n${'\n'.repeat(31)} {3+}\r\n\r\n\n {2}\r\nb NOOP\r\n`,
      ['thrown Literal too large', 'b NOOP'],
    ],
    [
      'a literal behind a line that is dropped',
      `${long} {9+}\r\nz DELETE\n\r\nb NOOP\r\n`,
      [`BAD Command line too long: ${'x'.repeat(40)}`, 'b NOOP'],
    ],
    [
      'a literal that nobody will read to its end',
      'a X {201+}\r\nb NOOP\r\n',
      ['thrown Literal too large', 'BYE Too much data outside of a command: '],
    ],
    [
      'a line that has no end',
      'x'.repeat(300),
      [`BAD Command line too long: ${'x'.repeat(40)}`, 'BYE Too much data outside of a command: '],
    ],
  ])('%s', (_name, input, expected) => {
    expect(frames(input)).toEqual(expected)
    expect(
      told(
        new Framer(small),
        Array.from(bytes(input), (byte) => Uint8Array.of(byte)),
        hold,
      ),
    ).toEqual(expected)
  })

  test('a refused literal', () => {
    const choose: Choose = () => 'refuse'
    expect(frames('a X {9}\r\nb NOOP\r\n', { choose })).toEqual(['NO', 'b NOOP'])
    expect(frames('a X {9+}\r\nb NOOP\r\n rest\r\nc NOOP\r\n', { choose })).toEqual(['c NOOP'])
    expect(frames('a X {0+}\r\nrest\r\nc NOOP\r\n', { choose })).toEqual(['c NOOP'])
  })

  test('a streamed literal has no limit here and is never held', () => {
    const framer = new Framer(small)
    framer.push(bytes('a APPEND x {100000000}\r\n'))
    framer.next()
    framer.stream()
    const chunk = new Uint8Array(50_000)
    let passed = 0
    while (passed < 100_000_000) {
      framer.push(chunk)
      const frame = framer.next()
      if (frame?.kind !== 'chunk') throw new Error('no chunk')
      passed += frame.bytes.length
      expect(frame.isLast).toBe(passed === 100_000_000)
      if (passed % 10_000_000 === 0) expect(framer.heldBytes).toBeLessThan(200)
    }
    framer.push(bytes('\r\nb NOOP\r\n'))
    expect(framer.next()).toMatchObject({ kind: 'command', command: { pieces: [{}, { bytes: undefined }, {}] } })
    expect(framer.next()?.kind).toBe('command')
  })

  test('a promised literal costs nothing before it comes', () => {
    const framer = new Framer(defaultFramerLimits)
    framer.push(bytes('a LOGIN {1000000}\r\n'))
    framer.next()
    framer.hold()
    framer.push(bytes('x'))
    expect(framer.next()).toBeUndefined()
    expect(framer.heldBytes).toBeLessThan(1_000_100)
  })
})

describe('properties', () => {
  const piece = fc.constantFrom(
    ...['a1 NOOP', 'DONE', ' ', '\r\n', '\n', '\r', '\0', '{3}\r\n', '{3+}\r\n', '~{2+}\r\n', '{0+}\n', '{', '+}', '}'],
    ...['{31+}\r\n', '{190+}\r\n', '{99999999999999999999+}\r\n', '1,2,3,4,5,6,7,8,9,', 'x'.repeat(20), 'abc', '\r\n'],
  )
  const input = fc.array(piece, { maxLength: 40 }).map((list) => bytes(list.join('')))
  /** Depends on what is announced alone, so that it is the same in any slicing. */
  const chooseBy =
    (seed: number): Choose =>
    ({ size, line }) =>
      (['hold', 'stream', 'refuse'] as const)[(seed + (size % 7) + line.length) % 3]!

  test('the same frames for every slicing', () => {
    fc.assert(
      fc.property(input, fc.array(fc.nat(12), { maxLength: 60 }), fc.nat(2), (data, lengths, seed) => {
        const expected = told(new Framer(small), [data], chooseBy(seed))
        const slices: Uint8Array[] = []
        let at = 0
        for (const length of lengths) {
          slices.push(data.slice(at, at + length))
          at += length
        }
        slices.push(data.slice(at))
        expect(told(new Framer(small), slices, chooseBy(seed))).toEqual(expected)
        const singly = Array.from(data, (byte) => Uint8Array.of(byte))
        expect(told(new Framer(small), singly, chooseBy(seed))).toEqual(expected)
      }),
      { numRuns: 1500 },
    )
  })

  test('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (data) => {
        const expected = told(new Framer(small), [data], hold)
        expect(
          told(
            new Framer(small),
            Array.from(data, (byte) => Uint8Array.of(byte)),
            hold,
          ),
        ).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  test('pushed all at once, or each before the next', () => {
    const data = bytes('a1 NOOP\r\na2 X {3+}\r\nabc\r\n'.repeat(20))
    const framer = new Framer(small)
    for (const byte of data) framer.push(Uint8Array.of(byte))
    expect(told(framer, [new Uint8Array(0)], hold)).toEqual(frames(textOf(data)))
  })
})
