// The message that is cut out of the client's bytes is the same as RFC 5321 §4.5.2 says, and as smtp-server's own parser says, however
// the bytes come.

import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js'
import { expect, test } from 'vitest'
import { MessageParser } from '../src/message-parser.js'

interface Cut {
  readonly message: string | undefined
  /** What is read as commands behind it. */
  readonly lines: readonly string[]
}

async function cut(parser: SMTPStream, pieces: readonly string[]): Promise<Cut> {
  const lines: string[] = []
  parser.oncommand = (line, goOn) => {
    lines.push(line.toString('latin1'))
    goOn?.()
  }
  const got: Buffer[] = []
  let isWhole = false
  const data = parser instanceof MessageParser ? parser.startMessage() : parser.startDataMode()
  void (async () => {
    for await (const bytes of data) got.push(bytes as Buffer)
    isWhole = true
    parser.continue()
  })()
  for (const piece of pieces) if (piece !== '') parser.write(Buffer.from(piece, 'latin1'))
  for (let i = 0; i < 2 * pieces.length + 40; i++) await turn()
  return { message: isWhole ? Buffer.concat(got).toString('latin1') : undefined, lines }
}

/** As the RFC says it, of the whole text: what smtp-server takes for a dot before a dot stands behind any LF. */
function specified(text: string): Cut {
  const end = `\r\n${text}`.indexOf('\r\n.\r\n')
  if (end < 0) return { message: undefined, lines: [] }
  const message = `\n${text.slice(0, end)}`.replaceAll('\n..', '\n.').slice(1)
  const behind = text.slice(end + 3).split(/\r?\n/)
  return { message, lines: behind.slice(0, -1) }
}

function pieced(text: string, cuts: readonly number[]): string[] {
  const places = [0, ...cuts.map((at) => at % (text.length + 1)).toSorted((a, b) => a - b), text.length]
  return places.slice(1).map((to, i) => text.slice(places[i], to))
}

const words = fc.array(
  fc.constantFrom('\r\n', '\r\n.', '\r\n..', '.', '..', '\r', '\n', 'a', 'bc', '\r\n.\r\n', '\r\n.\n'),
  {
    maxLength: 14,
  },
)

test('any bytes in any pieces: the message is what the RFC says, and what follows is read as commands', async () => {
  await fc.assert(
    fc.asyncProperty(words, fc.array(fc.nat(), { maxLength: 8 }), async (parts, cuts) => {
      const text = `${parts.join('')}\r\n.\r\nNOOP\r\n`
      const expected = specified(text)
      expect(await cut(new MessageParser(), pieced(text, cuts))).toEqual(expected)
      expect(await cut(new MessageParser(), Array.from(text))).toEqual(expected)
      // Near the beginning it takes some bare LFs for no line end, depending on the pieces.
      if (!/(?:^|[^\r])\n/.test(text)) expect(await cut(new SMTPStream(), [text])).toEqual(expected)
    }),
    { numRuns: 150 },
  )
})

test.each([
  ['a lone dot first', '.\r\nNOOP\r\n', { message: '', lines: ['NOOP'] }],
  ['an escaped dot first', '..\r\n.\r\n', { message: '.\r\n', lines: [] }],
  ['an end that is none', 'a\n.\r\nb\r\n.\nc\r\n.\r\n', { message: 'a\n.\r\nb\r\n.\nc\r\n', lines: [] }],
  ['no end', 'a\r\n.\r', { message: undefined, lines: [] }],
])('%s', async (_what, text, expected) => {
  expect(await cut(new MessageParser(), [text])).toEqual(expected)
  expect(await cut(new MessageParser(), Array.from(text))).toEqual(expected)
})

test('a reader that takes its time holds the client up', async () => {
  const parser = new MessageParser()
  const data = parser.startMessage()
  let isTaken = false
  parser.write(Buffer.alloc(1_000_000, 'x'), () => {
    isTaken = true
  })
  await turn()
  expect(isTaken).toBe(false)
  await data.next()
  while (!isTaken) await turn()
})

test('a reader that has gone holds nobody up, and what follows the message is heard', async () => {
  const parser = new MessageParser()
  const data = parser.startMessage()
  const lines: string[] = []
  parser.oncommand = (line, goOn) => {
    lines.push(line.toString('latin1'))
    goOn?.()
  }
  for (let pieces = 0; pieces < 100; pieces++) parser.write(Buffer.alloc(100_000, 'x'))
  await data.return()
  parser.continue()
  parser.write('\r\n.\r\nNOOP\r\n')
  while (lines.length === 0) await turn()
  expect(lines).toEqual(['NOOP'])
})

test('a message without end is broken off, and its reader hears why', async () => {
  const parser = new MessageParser()
  const data = parser.startMessage(1_000)
  parser.write(Buffer.alloc(900, 'x'))
  expect((await data.next()).value).toHaveLength(900)
  const next = data.next()
  parser.write(Buffer.alloc(200, 'x'))
  await expect(next).rejects.toMatchObject({ reply: expect.stringMatching(/^552 5\.3\.4 /) })
  expect(await data.next()).toMatchObject({ done: true })
})
