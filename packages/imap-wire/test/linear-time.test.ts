// A client's bytes cost time in proportion to their number. Eight times as many may take 24 times as long: three times what
// linear allows, for a noisy machine, and well under the 64 of a quadratic step. A bad ratio is measured again; the best counts.
import { expect, test } from 'vitest'
import { decodeMailboxName, encodeMailboxName, Framer, listPattern, Parser, Writer } from '../src/index.js'
import { everyRule } from './every-rule.js'
import { bytes } from './wire-bytes.js'

const ratioMax = 24
const attemptsMax = 8
/** Below this a time says more about the machine than about the code. */
const floorMs = 3
const KB = 1024

interface Load {
  readonly name: string
  /** The work for so many bytes, made before it's measured. */
  readonly make: (size: number) => () => void
  readonly size: number
}

const wide = { lineBytesMax: 2 ** 30, commandBytesMax: 2 ** 30, literalBytesMax: 2 ** 30, skipBytesMax: 2 ** 30 }

function framed(data: Uint8Array, { slice = 1, limits = wide } = {}): void {
  const framer = new Framer(limits)
  for (let at = 0; at < data.length; at += slice) {
    framer.push(data.subarray(at, at + slice))
    for (let frame = framer.next(); frame !== undefined; frame = framer.next())
      if (frame.kind === 'literal') framer.hold()
  }
}

function ruleOver(name: string, make: (size: number) => string): Load['make'] {
  const limits = { depthMax: 100, keysMax: 2 ** 30, rangesMax: 2 ** 30 }
  return (size) => {
    const command = { pieces: [{ kind: 'line', bytes: bytes(make(size)) }] } as const
    return () => {
      try {
        everyRule[name]!(new Parser(command, { limits, utf8: true }))
      } catch {}
    }
  }
}

const repeated = (unit: string) => (size: number) => unit.repeat(Math.ceil(size / unit.length))
const framing = (unit: string, options: object = {}): Load['make'] => {
  return (size) => {
    const data = bytes(repeated(unit)(size))
    return () => framed(data, options)
  }
}

const loads: Load[] = [
  { name: 'one line, byte by byte', make: framing('x'), size: 128 * KB },
  { name: 'short lines, byte by byte', make: framing('a\r\n'), size: 64 * KB },
  { name: 'short lines at once', make: framing('a\n', { slice: 2 ** 30 }), size: 256 * KB },
  { name: 'literals, byte by byte', make: framing('a {1+}\r\nx {0+}\r\n'), size: 64 * KB },
  { name: 'one command of literals', make: framing('a {1+}\r\n', { slice: 1000 }), size: 256 * KB },
  { name: 'ids, byte by byte', make: framing('1,', { limits: { ...wide, lineBytesMax: 100 } }), size: 128 * KB },
  { name: 'a dropped line', make: framing('x', { limits: { ...wide, lineBytesMax: 100 } }), size: 64 * KB },
  { name: 'pushed and not read', make: (size) => () => pushedFirst(size), size: 32 * KB },
  { name: 'quoted text', make: ruleOver('quoted', (size) => `"${repeated('a\\"')(size)}"`), size: 256 * KB },
  { name: 'quoted 8-bit text', make: ruleOver('quoted', (size) => `"${repeated('\u00fc')(size)}"`), size: 256 * KB },
  { name: 'ranges backwards', make: ruleOver('sequenceSet', backwards), size: 256 * KB },
  { name: 'stars', make: ruleOver('sequenceSet', (size) => `${repeated('*:3,*,')(size)}1`), size: 256 * KB },
  { name: 'digits', make: ruleOver('number64', (size) => `${repeated('0')(size)}9007199254740993`), size: 512 * KB },
  { name: 'spaces', make: ruleOver('flags', (size) => `\\Seen${repeated(' ')(size)}x`), size: 512 * KB },
  { name: 'keywords', make: ruleOver('flagList', (size) => `(${repeated('abc ')(size)}x)`), size: 256 * KB },
  { name: 'search keys', make: ruleOver('search', (size) => `${repeated('NOT SEEN ')(size)}ALL`), size: 256 * KB },
  { name: 'mailbox names', make: (size) => () => void names(size), size: 32 * KB },
  { name: 'a long name, a short pattern', make: (size) => () => void listed('%a*a%b', size), size: 256 * KB },
  { name: 'writing text', make: (size) => () => void writeText(size), size: 512 * KB },
  { name: 'writing words', make: (size) => () => void writeWords(size), size: 256 * KB },
]

function backwards(size: number): string {
  return Array.from({ length: size / 7 }, (_, i) => 1_000_000 - 2 * i).join(',')
}

function pushedFirst(size: number): void {
  const framer = new Framer(wide)
  for (let i = 0; i < size; i++) framer.push(Uint8Array.of(i % 2 === 0 ? 0x61 : 0x0a))
  while (framer.next() !== undefined);
}

function names(size: number): string {
  return decodeMailboxName(encodeMailboxName(repeated('\u00fc&x')(size), { utf8: false }), { utf8: false })
}

function listed(pattern: string, size: number): boolean {
  return listPattern(pattern, '/')(repeated('a/')(size))
}

function writeText(size: number): Uint8Array {
  return new Writer({ utf8: true }).string(repeated('\u20ac"')(size)).take()
}

function writeWords(size: number): Uint8Array {
  const w = new Writer()
  for (let i = 0; i < size; i++) w.number(i).sp()
  return w.take()
}

test.each(loads)('$name', ({ make, size }) => {
  const works = [make(size), make(8 * size)]
  const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  let ratio = Number.POSITIVE_INFINITY
  works[0]!() // the compiler's time isn't the code's
  for (let attempt = 0; attempt < attemptsMax && ratio > ratioMax; attempt++) {
    for (const [index, work] of works.entries()) {
      const start = performance.now()
      work()
      best[index] = Math.min(best[index]!, performance.now() - start)
    }
    ratio = best[1]! / Math.max(best[0]!, floorMs)
  }
  expect(ratio, best.map((ms) => `${ms.toFixed(1)} ms`).join(', ')).toBeLessThan(ratioMax)
})

test('a hostile pattern and a hostile name take their product at most', () => {
  const matches = listPattern(repeated('*a')(1000), '/')
  const start = performance.now()
  expect(matches(`${'a'.repeat(5000)}b`)).toBe(false)
  expect(performance.now() - start).toBeLessThan(2000)
})
