// The scripts' own grammar, and that a difference is found: against a small server that answers by rule.

import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { matchLine, parseScripts, play, type Script, type Wire } from '../src/index.js'

let server: Server
/** What the server heard, one string a read. */
let heard: string[]

beforeAll(async () => {
  heard = []
  server = createServer((socket) => {
    let rest = ''
    socket.write('* hello\r\n')
    socket.on('data', (data) => {
      heard.push(data.toString('latin1'))
      rest += data.toString('latin1')
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end)
        rest = rest.slice(end + 2)
        if (line === 'two') socket.write('* b\r\n* a\r\n')
        else if (line === 'literal') socket.write('* {7}\r\nab\r\ncde tail\r\n')
        else if (line.startsWith('echo ')) socket.write(`${line.slice(5)}\r\n`)
        else if (line === 'bye') socket.end('gone\r\n')
      }
    })
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => server.close())

async function connect(): Promise<Wire> {
  const socket: Socket = dial((server.address() as AddressInfo).port, '127.0.0.1')
  const pieces = socket[Symbol.asyncIterator]()
  return {
    write: (bytes) => void socket.write(bytes),
    read: async () => ((await pieces.next()).value as Uint8Array | undefined) ?? undefined,
    close: () => socket.destroy(),
  }
}

const only = (text: string): Script => {
  const [script] = parseScripts(text)
  if (script === undefined) throw new Error('no script')
  return script
}

describe('a script', () => {
  test('is steps, several to a file, with titles and remarks', () => {
    const scripts = parseScripts(
      '# One\n# goes on\nGiven mailbox INBOX: a.eml\n\nC:  a1 X (Y)      (why)\nS2: * 2 (Z)\n\n# Two\nC+: a\\r\\n\\x00\\\\\nS?: b\nS&: c\n',
    )
    expect(scripts.map(({ title }) => title)).toEqual(['One goes on', 'Two'])
    expect(scripts[0]?.steps).toMatchObject([
      { kind: 'given', text: 'mailbox INBOX: a.eml', line: 3 },
      { kind: 'say', session: 1, line: 5 },
      { kind: 'hear', session: 2, expect: { pattern: '* 2 (Z)' } },
    ])
    expect(scripts[0]?.steps[1]).toMatchObject({ bytes: new TextEncoder().encode('a1 X (Y)\r\n') })
    expect(scripts[1]?.steps).toMatchObject([
      { kind: 'say', bytes: new TextEncoder().encode('a\r\n\0\\') },
      { kind: 'hear', expect: { optional: true } },
      { kind: 'hear', expect: { anyOrder: true } },
    ])
  })

  test.each(['X: what', 'C?: perhaps', 'C+: \\q', 'given mailbox'])('%j is refused with its line', (line) => {
    expect(() => parseScripts(`# t\n${line}`)).toThrow(/line 2/)
  })
})

describe('a pattern', () => {
  test.each([
    ['* 2 EXISTS', '* 2 EXISTS', {}],
    ['* OK [UIDVALIDITY $v] $text', '* OK [UIDVALIDITY 17] all (of) it', { v: '17' }],
    ['$a and $a', 'x and x', { a: 'x' }],
    ['costs $$5', 'costs $5', {}],
    ['a.c (*)', 'a.c (*)', {}],
  ])('%s', (pattern, line, bound) => {
    expect(Object.fromEntries(matchLine(pattern, line, new Map()) ?? [['no', 'match']])).toEqual(bound)
  })

  test.each([
    ['* 2 EXISTS', '* 2 EXISTS '],
    ['a.c', 'abc'],
    ['$a and $a', 'x and y'],
    ['[$v]', '[a b]'],
  ])('%s is not %s', (pattern, line) => {
    expect(matchLine(pattern, line, new Map())).toBeUndefined()
  })

  test('what was bound must come again', () => {
    expect(matchLine('$v', '18', new Map([['v', '17']]))).toBeUndefined()
    expect(matchLine('$v', '17', new Map([['v', '17']]))).toBeDefined()
  })
})

describe.each([false, true])('played byte by byte: %s', (byteByByte) => {
  const run = (text: string, patienceMs = 2_000) =>
    play(only(text), { connect, byteByByte, patienceMs, given: async () => {} })

  test('lines, literals, sessions, bindings, any order and what may be missing', async () => {
    const bindings = await run(
      [
        'Given anything',
        'S:  * hello',
        'C:  echo id 42',
        'S:  id $id',
        'C:  echo again $id',
        'S?: never',
        'S:  again $id',
        'C:  two',
        'S&: * a',
        'S&: * b',
        'C:  literal',
        'S+: * {7}\\r\\nab',
        'S+: \\r\\ncde tail\\r\\n',
        'C:  literal',
        'S:  $any tail',
        'S2: * hello',
        'C2: echo $id',
        'S2: 42',
        'C:  bye',
        'S:  gone',
      ].join('\n'),
    )
    expect(bindings.get('id')).toBe('42')
  })

  test('really sends what it says it sends', async () => {
    heard.length = 0
    await run('S: * hello\nC: echo abc\nS: abc')
    expect(heard.join('')).toBe('echo abc\r\n')
    expect(heard.some((piece) => piece.length > 1)).toBe(!byteByByte || heard.length < 10)
  })

  test.each([
    ['another line', 'S: * hello\nC: echo a\nS: b', /line 3:\n {2}expected: b\n {2}but came: a/],
    ['a line too many', 'S: * hello\nC: two\nS: * a', /but came: \* b/],
    ['one of a group', 'S: * hello\nC: two\nS&: * a\nS&: * c', /but came: \* b/],
    ['other bytes', 'S: * hello\nC: literal\nS+: * {7}\\r\\nax', /but came/],
    ['silence', 'S: * hello\nC: nothing\nS: a', /nothing for 200 ms/],
    ['the end', 'S: * hello\nC: bye\nS: gone\nS: more', /or the end/],
  ])('%s is a difference', async (_, text, message) => {
    await expect(run(text, 200)).rejects.toThrow(message)
  })

  test('passes over untagged lines where it may, and over nothing else', async () => {
    await play(only('S*: * hello\nC:  two\nS*: * a\n'), { connect })
    await expect(play(only('S:  * hello\nC:  echo x\nS*: * a\n'), { connect })).rejects.toThrow('but came: x')
  })

  test('hears the end, and what is said before it', async () => {
    await play(only('S:  * hello\nC:  bye\nS:  gone\nS!:\n'), { connect })
    await expect(play(only('S:  * hello\nC:  bye\nS!:\n'), { connect })).rejects.toThrow('before the end came: gone')
    await expect(play(only('S:  * hello\nS!:\n'), { connect, patienceMs: 50 })).rejects.toThrow('no end for 50 ms')
  })
})
