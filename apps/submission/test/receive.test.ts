// A message from its first byte to what is stored of it.
import { expect, test } from 'vitest'
import { receiveMessage } from '../src/message/receive.js'
import { complete, facts, pieces, received, refused, take, whole } from './facts.js'

test('what lacks nothing leaves as it came, below the trace', async () => {
  const message = `${complete}To: bob@example.net\r\n\r\nHello\r\n..\r\n`
  const { wire, sentCopy, body, message: told } = await take(message)
  expect(wire).toBe(received + message)
  expect(sentCopy).toBeUndefined()
  expect(body).toBe('7bit')
  expect(told.messageId).toBe('<1@example.org>')
  expect(told.from.map(({ address }) => address)).toEqual(['ada@example.org'])
})

test('Date and Message-ID are added where they are missing or empty', async () => {
  const added = `${received}Date: Fri, 2 Jan 2026 03:04:05 +0000\r\nMessage-ID: <BwcHBwcHBwcHBwcHBwcH@example.org>\r\n`
  const bare = 'From: ada@example.org\r\n\r\nHello\r\n'
  expect((await take(bare)).wire).toBe(added + bare)
  expect((await take(`Date:\r\nMessage-ID: \r\n${bare}`)).wire).toBe(added + bare)
  expect((await take(bare)).message.messageId).toBe('<BwcHBwcHBwcHBwcHBwcH@example.org>')
})

test('Bcc is in the text that is kept, not in the one that is sent', async () => {
  const message = `${complete}Bcc: eve@example.net,\r\n mallory@example.net\r\nBCC: x@y.test\r\nTo: bob@example.net\r\n\r\nHello\r\n`
  const { wire, sentCopy } = await take(message)
  expect(wire).toBe(`${received}${complete}To: bob@example.net\r\n\r\nHello\r\n`)
  expect(sentCopy).toBe(received + message)
})

test('the one recipient is named in the trace, unless it was blind', async () => {
  const one = { recipients: ['bob@example.net'] }
  expect((await take(`${complete}\r\n`, one)).wire).toContain('\r\n for <bob@example.net>;\r\n')
  expect((await take(`${complete}Bcc: bob@example.net\r\n\r\n`, one)).wire).not.toContain('<bob@example.net>')
  expect((await take(`${complete}\r\n`)).wire).not.toContain(' for ')
})

test('what only a receiving server writes is taken out', async () => {
  const foreign = 'Return-Path: <ceo@bank.test>\r\nAuthentication-Results: Mail.Example.org; dkim=pass\r\n'
  const others = 'Authentication-Results: mx.example.net; dkim=pass\r\n'
  expect((await take(`${foreign}${complete}${others}\r\n`)).wire).toBe(`${received}${complete}${others}\r\n`)
})

test.each([
  ['too large', `${complete}\r\n${'x\r\n'.repeat(400_000)}`, '552 5.3.4 The message is larger than 1000000 bytes'],
  ['a header without end', `${complete}${'X: y\r\n'.repeat(60_000)}`, '552 5.3.4 The header'],
  ['a huge header', `${complete}${'X: y\r\n'.repeat(60_000)}\r\nHello\r\n`, '552 5.3.4 The header'],
  ['nothing at all', '', '554 5.6.0 The message has no From field'],
  ['no header', '\r\nHello\r\n', '554 5.6.0 The message has no From field'],
])('%s', async (_, message, reply) => {
  expect(await refused(message)).toContain(reply)
})

test('a refused message is read to its end, and a body that fails leaves nothing stored', async () => {
  let left = 0
  let stored = 0
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 100; i++) {
      left = 99 - i
      yield Buffer.from(i === 0 ? `${complete}Bcc: x@y.test\r\n\r\n` : i === 50 ? 'bare\n' : 'line\r\n')
    }
  }
  const message = await receiveMessage(source(), facts)
  const stage = async (text: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const _ of text);
    stored++
  }
  await expect(message.stage(stage, { sentCopy: true })).rejects.toThrow('554 5.6.0')
  expect([left, stored]).toEqual([0, 0])
})

test.each(['header', 'body'])(
  'where the client goes while a refused %s is read to its end, that is what is thrown',
  async (part) => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(part === 'header' ? 'no field\r\n\r\n' : `${complete}\r\nbare\n`)
      yield Buffer.from('more\r\n')
      throw new Error('gone')
    }
    const taken = receiveMessage(source(), facts).then((message) => message.stage(whole, { sentCopy: true }))
    await expect(taken).rejects.toThrow('gone')
  },
)

test('of two texts, one that cannot be stored fails the message with its own reason', async () => {
  for (const failing of [1, 2]) {
    let texts = 0
    const stage = async (text: AsyncIterable<Uint8Array>): Promise<number> => {
      const place = ++texts
      let seen = 0
      for await (const piece of text) {
        seen += piece.length
        if (place === failing && seen > 5_000) throw new Error('disk full')
      }
      return seen
    }
    const bytes = Buffer.from(`${complete}Bcc: x@y.test\r\n\r\n${'line\r\n'.repeat(5_000)}`)
    const message = await receiveMessage(pieces(bytes, 1_000), facts)
    await expect(message.stage(stage, { sentCopy: true })).rejects.toThrow('disk full')
  }
})

test('a slow reader of one text holds the other one up, so that nothing piles up', async () => {
  const pulled: number[] = []
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${complete}Bcc: x@y.test\r\n\r\n`)
    for (let i = 0; i < 20; i++) {
      pulled.push(i)
      yield Buffer.from('line\r\n')
    }
  }
  let ahead = 0
  const stage = async (text: AsyncIterable<Uint8Array>): Promise<void> => {
    const slow = ahead++ === 0
    let read = 0
    for await (const _ of text) {
      read++
      if (!slow) continue
      await new Promise((resolve) => setImmediate(resolve))
      expect(pulled.length).toBeLessThanOrEqual(read + 1)
    }
  }
  await (await receiveMessage(source(), facts)).stage(stage, { sentCopy: true })
  expect(pulled).toHaveLength(20)
})

test('where Sent keeps nothing, nothing is stored for it', async () => {
  const message = await receiveMessage(pieces(Buffer.from(`${complete}Bcc: x@y.test\r\n\r\nHello\r\n`)), facts)
  const { wire, sentCopy } = await message.stage(whole, { sentCopy: false })
  expect(wire.toString()).toBe(`${received}${complete}\r\nHello\r\n`)
  expect(sentCopy).toBeUndefined()
})
