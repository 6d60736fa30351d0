// Address lists: RFC 5322 §3.4 and appendix A, and what senders write instead. A row is [name, route, mailbox, host] for each.
import { expect, test } from 'vitest'
import { addressList } from '../src/index.js'

type Row = [string | undefined, string | undefined, string | undefined, string | undefined]
const nil = undefined

function rows(text: string): Row[] {
  return addressList(text, 1000).map(({ name, route, mailbox, host }) => [name, route, mailbox, host])
}

test.each<[string, Row[]]>([
  // RFC 5322 appendix A.1
  ['John Doe <jdoe@machine.example>', [['John Doe', nil, 'jdoe', 'machine.example']]],
  [
    '"Joe Q. Public" <john.q.public@example.com>, Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>',
    [
      ['Joe Q. Public', nil, 'john.q.public', 'example.com'],
      ['Mary Smith', nil, 'mary', 'x.test'],
      [nil, nil, 'jdoe', 'example.org'],
      ['Who?', nil, 'one', 'y.test'],
    ],
  ],
  [
    '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
    [
      [nil, nil, 'boss', 'nil.test'],
      ['Giant; "Big" Box', nil, 'sysservices', 'example.net'],
    ],
  ],
  [
    'A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;',
    [
      [nil, nil, 'A Group', nil],
      ['Ed Jones', nil, 'c', 'a.test'],
      [nil, nil, 'joe', 'where.test'],
      ['John', nil, 'jdoe', 'one.test'],
      [nil, nil, nil, nil],
    ],
  ],
  [
    'Undisclosed recipients:;',
    [
      [nil, nil, 'Undisclosed recipients', nil],
      [nil, nil, nil, nil],
    ],
  ],
  // RFC 5322 appendix A.5, A.6
  ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', [['Pete', nil, 'pete', 'silly.test']]],
  [
    '(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;',
    [
      [nil, nil, 'Hidden recipients', nil],
      [nil, nil, nil, nil],
    ],
  ],
  [
    'Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example',
    [
      ['Mary Smith', '@node.test', 'mary', 'example.net'],
      [nil, nil, 'jdoe', 'test.example'],
    ],
  ],
  ['<@a.test,@b.test:joe@c.test>', [[nil, '@a.test,@b.test', 'joe', 'c.test']]],
  ['Joe Q. Public <john.q.public@example.com>', [['Joe Q. Public', nil, 'john.q.public', 'example.com']]],
  ['jdoe@[192.0.2.1]', [[nil, nil, 'jdoe', '[192.0.2.1]']]],
  ['"joe blow"@x.test', [[nil, nil, 'joe blow', 'x.test']]],
  // from the wild
  ['jdoe@x.test (John Doe)', [['John Doe', nil, 'jdoe', 'x.test']]],
  ['<jdoe@x.test> (John Doe)', [['John Doe', nil, 'jdoe', 'x.test']]],
  ['jdoe@x.test <jdoe@x.test>', [['jdoe@x.test', nil, 'jdoe', 'x.test']]],
  ['John Doe jdoe@x.test', [['John Doe', nil, 'jdoe', 'x.test']]],
  [
    'a@x.test; b@x.test',
    [
      [nil, nil, 'a', 'x.test'],
      [nil, nil, 'b', 'x.test'],
    ],
  ],
  ['=?utf-8?Q?Doe,_Jane?= <jane@x.test>', [['=?utf-8?Q?Doe,_Jane?=', nil, 'jane', 'x.test']]],
  ['"=?utf-8?Q?J?=" <j@x.test>', [['=?utf-8?Q?J?=', nil, 'j', 'x.test']]],
  ['<jdoe@x.test', [[nil, nil, 'jdoe', 'x.test']]],
  [
    '<a@x.test, <b@x.test>',
    [
      [nil, nil, 'a', 'x.test'],
      [nil, nil, 'b', 'x.test'],
    ],
  ],
  ['John\r\n Doe\r\n\t<jdoe@x.test>', [['John Doe', nil, 'jdoe', 'x.test']]],
  ['root', [[nil, nil, 'root', '']]],
  ['root (Charlie Root)', [['Charlie Root', nil, 'root', '']]],
  ['Jürgen <j@müller.test>', [['Jürgen', nil, 'j', 'müller.test']]],
  [
    'G: a@x.test',
    [
      [nil, nil, 'G', nil],
      [nil, nil, 'a', 'x.test'],
      [nil, nil, nil, nil],
    ],
  ],
  ['"" <a@x.test>', [[nil, nil, 'a', 'x.test']]],
  ['a@', [[nil, nil, 'a', '']]],
  ['@x.test', [[nil, nil, '', 'x.test']]],
  ['a@b@c.test', [[nil, nil, 'a', 'b']]],
  [' , ,', []],
  ['', []],
])('%j', (text, expected) => {
  expect(rows(text)).toEqual(expected)
})

test('no more than asked for', () => {
  expect(addressList('a@x, b@x, c@x', 2)).toHaveLength(2)
})
