// The threading algorithms by themselves: RFC 5256's rules as rows, and what no header may do to them.

import { describe, expect, test } from 'vitest'
import { Forest } from '../src/thread/forest.js'
import { orderedSubject } from '../src/thread/ordered-subject.js'
import { references } from '../src/thread/references.js'
import { type ThreadAlgorithm, threadLists } from '../src/thread/threads.js'
import { columnsOf, plainReferences, type Threadable } from './thread-model.js'

/** `id<ref,ref date subject`: an id of 0 is none, a date that is left out is the message's number. */
function mailbox(lines: readonly string[]): Threadable {
  const parts = lines.map((line) => /^(\d+)(?:<([\d,]+))?(?:@(\d+))? ?(.*)$/.exec(line) as RegExpExecArray)
  return {
    length: lines.length,
    dates: parts.map(([, , , date], i) => (date === undefined ? i : Number(date))),
    subjects: parts.map(([, , , , subject]) => (subject ?? '').replace(/^re: /, '')),
    isReply: parts.map(([, , , , subject]) => subject?.startsWith('re: ') === true),
    refs: parts.map(([, id, refs]) => [Number(id), ...(refs?.split(',').map(Number) ?? [])]),
  }
}

/** The same numbers for the same seed: each call one below `n`. */
function numbers(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * n)
  }
}

function shown(algorithm: ThreadAlgorithm, messages: Threadable): string {
  const numbers = Array.from({ length: messages.length }, (_, i) => i + 1)
  return [...threadLists(algorithm(columnsOf(messages)), numbers)].map((bytes) => Buffer.from(bytes)).join('')
}

describe('REFERENCES', () => {
  test.each<[string, string[], string]>([
    ['nothing', [], ''],
    ['messages that have nothing to do with each other', ['1 a', '2 b'], '(1)(2)'],
    ['a reply, and a reply to it', ['1 a', '2<1 re: a', '3<1,2 re: a'], '(1 2 3)'],
    ['two replies to one', ['1', '2<1', '3<1'], '(1 (2)(3))'],
    // RFC 5256 §4: (2)(3 6 (4 23)(44 7 96)).
    [
      'the thread of RFC 5256 §4',
      ['9', '1', '2<1', '3<1,2', '4<1,2,3', '5<1,2', '6<1,2,5', '7<6'],
      '(1)(2 3 (4 5)(6 7 8))',
    ],
    ['siblings of a parent that is not there', ['1<9', '2<9'], '((1)(2))'],
    ['an only child of a parent that is not there', ['1<9', '2<1'], '(1 2)'],
    ['a chain of those that are not there', ['1<7,8,9', '2<7,8'], '((1)(2))'],
    ['a dummy between messages goes', ['1', '2<1,9', '3<1,9'], '(1 (2)(3))'],
    ['the reply comes before what it answers', ['2<1@5', '1@1'], '(2 1)'],
    ['no Message-ID: a root, and its own references count', ['0', '0', '0<5', '5'], '(1)(2)(4 3)'],
    ['two of one Message-ID: the first has it', ['1', '1', '2<1'], '(1 3)(2)'],
    ['a truncated References does not move what has a parent', ['1', '2<1', '3<1,2', '4<1,3'], '(1 2 3 4)'],
    ['a message’s own References win over what another said', ['3<1,2', '1', '2<9', '9'], '(2)(4 3 1)'],
    ['a message without References keeps no parent that came before', ['3<1,2', '2', '1'], '(2 1)(3)'],
    ['it refers to itself', ['1<1', '2<2,2,1'], '(2 1)'],
    ['they refer to each other', ['1<2', '2<1'], '(2 1)'],
    ['a loop of three', ['1<3', '2<1', '3<2'], '(3 1 2)'],
    ['a loop in the references', ['1<5,6,5,6', '2<6,5'], '((1)(2))'],
    ['siblings by date, then by number', ['1', '2<1@9', '3<1@5', '4<1@5'], '(1 (3)(4)(2))'],
    ['threads by date, a dummy by its first child', ['1@5', '2<9@8', '3<9@3', '4@4'], '((3)(2))(4)(1)'],
    ['one subject: a reply below what is none', ['1 a', '2 re: a'], '(1 2)'],
    ['… also where the reply is older', ['1@9 a', '2@1 re: a'], '(1 2)'],
    ['… two that are none are siblings', ['1 a', '2 a', '3 a'], '((1)(2)(3))'],
    ['… and two replies', ['1 re: a', '2 re: a'], '((1)(2))'],
    ['… a dummy takes in the others', ['1<9 a', '2<9 a', '3 a', '4<8 a', '5<8 a'], '((1)(2)(3)(4)(5))'],
    ['… an empty one gathers nothing', ['1', '2'], '(1)(2)'],
    ['… below the top nothing is gathered', ['1 a', '2<1 b', '3 b'], '(1 2)(3)'],
  ])('%s', (_, lines, expected) => {
    expect(shown(references, mailbox(lines))).toBe(expected)
  })
})

describe('ORDEREDSUBJECT', () => {
  test.each<[string, string[], string]>([
    ['nothing', [], ''],
    ['a thread of one, of two, of three', ['1 a', '2 b', '3 b', '4 c', '5 c', '6 c'], '(1)(2 3)(4 (5)(6))'],
    ['by date within and among threads', ['1@9 a', '2@5 a', '3@7 b', '4@1 c'], '(4)(2 1)(3)'],
  ])('%s', (_, lines, expected) => {
    expect(shown(orderedSubject, mailbox(lines))).toBe(expected)
  })
})

test('REFERENCES is what the RFC says step by step, whatever the messages say', () => {
  const next = numbers(42)
  for (let round = 0; round < 2_000; round++) {
    const length = 1 + next(9)
    const ids = 1 + next(12)
    const messages: Threadable = {
      length,
      dates: Array.from({ length }, () => next(5)),
      subjects: Array.from({ length }, () => ['', 'a', 'b'][next(3)] as string),
      isReply: Array.from({ length }, () => next(2) === 0),
      refs: Array.from({ length }, () => Array.from({ length: 1 + next(4) }, (_, i) => next(ids) + (i === 0 ? 0 : 1))),
    }
    expect(shown(references, messages)).toBe(plainReferences(messages))
  }
})

test('a forest refuses loops, in whatever order it is linked and cut: against walking up', () => {
  const below = numbers(7)
  const count = 12
  const forest = new Forest(count)
  const plain = new Int32Array(count).fill(-1)
  for (let i = 0; i < 3_000; i++) {
    const child = below(count)
    if (below(3) === 0) {
      forest.cut(child)
      plain[child] = -1
    } else if (plain[child] === -1) {
      const parent = below(count)
      let root = parent
      while ((plain[root] as number) >= 0) root = plain[root] as number
      if (root !== child) plain[child] = parent
      expect(forest.link(child, parent)).toBe(root !== child)
    }
    expect(forest.parent).toEqual(plain)
  }
})

describe('large and hostile', () => {
  const milliseconds = (messages: Threadable): number => {
    references(columnsOf(messages))
    const start = process.cpuUsage()
    const text = shown(references, messages)
    expect(text.match(/\d+/g)?.length).toBe(messages.length)
    return process.cpuUsage(start).user / 1000
  }
  const ids = (of: (i: number) => number[], length = 10_000): Threadable => ({
    length,
    dates: Array.from({ length }, (_, i) => (i * 7919) % length),
    subjects: Array.from({ length }, (_, i) => `s${i % 3_000}`),
    isReply: Array.from({ length }, (_, i) => i % 4 !== 0),
    refs: Array.from({ length }, (_, i) => of(i)),
  })

  test.each<[string, (i: number) => number[]]>([
    ['threads of ten', (i) => [i + 1, ...Array.from({ length: i % 10 }, (_, k) => i - (i % 10) + k + 1)]],
    ['a chain of 10,000', (i) => [i + 1, i]],
    ['a chain of 10,000 backwards', (i) => [i + 1, i + 2]],
    ['a chain in no order', (i) => [((i * 7919) % 10_000) + 1, ((i * 7919) % 10_000) + 2]],
    ['everybody claims to be above the first', (i) => [i + 1, 1 + (i >> 1), i, 1]],
  ])('%s: 10,000 messages at once', (_, of) => {
    expect(milliseconds(ids(of))).toBeLessThan(1_000)
  })

  test('a deep thread whose end is claimed to be above its beginning, again and again', () => {
    const deep = (i: number): number[] =>
      i < 5_000 ? [i + 1, i] : [i + 1, ...Array.from({ length: 100 }, (_, k) => (k % 2 === 0 ? 4_999 : 1))]
    expect(milliseconds(ids(deep))).toBeLessThan(3_000)
  })
})
