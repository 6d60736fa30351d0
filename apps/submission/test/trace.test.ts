// What submission writes on top of a message, what it tells of the client, and what it makes of a message that comes round again.
import { expect, test } from 'vitest'
import { complete, facts, refused, take } from './facts.js'

async function receivedBy(changed: Partial<typeof facts.trace>): Promise<string> {
  const { wire } = await take(`${complete}\r\n`, { trace: { ...facts.trace, ...changed } })
  return wire.slice(0, wire.indexOf(';'))
}

const by = '\r\n by mail.example.org with ESMTPSA id Q1'

test.each([
  ['laptop.example.org', '192.0.2.7', 'laptop.example.org'],
  ['LAPTOP', '192.0.2.7', 'LAPTOP'],
  ['my_laptop.local', '192.0.2.7', 'my_laptop.local'],
  ['[192.0.2.7]', '192.0.2.7', 'client.invalid'],
  ['[10.0.0.1]', '192.0.2.7', 'client.invalid'],
  ['[IPv6:2001:db8::1]', '2001:db8::1', 'client.invalid'],
  ['192.0.2.7', '192.0.2.7', 'client.invalid'],
  ['2001:db8::1', '2001:db8::1', 'client.invalid'],
  ['host-192-0-2-7.isp.example', '192.0.2.7', 'client.invalid'],
  ['7.2.0.192.isp.example', '192.0.2.7', 'client.invalid'],
  ['192-000-002-007.isp.example', '::ffff:192.0.2.7', 'client.invalid'],
  ['host-192-0-2-8.isp.example', '192.0.2.7', 'host-192-0-2-8.isp.example'],
  ['', '192.0.2.7', 'client.invalid'],
  ['a b', '192.0.2.7', 'client.invalid'],
  ['a(b', '192.0.2.7', 'client.invalid'],
  ['-a-', '192.0.2.7', 'client.invalid'],
  ['ä.example', '192.0.2.7', 'client.invalid'],
  ['a'.repeat(256), '192.0.2.7', 'client.invalid'],
])('EHLO %j from %s is told as %s', async (helo, clientAddress, shown) => {
  expect(await receivedBy({ helo, clientAddress })).toBe(`Received: from ${shown}${by}`)
})

test.each([
  ['laptop.example.org', '192.0.2.7', 'laptop.example.org ([192.0.2.7])'],
  ['[10.0.0.1]', '192.0.2.7', '[10.0.0.1] ([192.0.2.7])'],
  ['a b', '192.0.2.7', '[192.0.2.7] ([192.0.2.7])'],
  ['laptop', '2001:db8::1', 'laptop ([IPv6:2001:db8::1])'],
  ['laptop', '::ffff:192.0.2.7', 'laptop ([192.0.2.7])'],
])('with its address, where that is wanted: EHLO %j from %s', async (helo, clientAddress, shown) => {
  expect(await receivedBy({ helo, clientAddress, showClientAddress: true })).toBe(`Received: from ${shown}${by}`)
})

test('without TLS', async () => {
  expect(await receivedBy({ secured: false })).toContain(' with ESMTPA id Q1')
})

const other = 'Received: from a.example by mx.example.net with ESMTP id X; Fri, 2 Jan 2026 03:00:00 +0000\r\n'
const ours = 'received: from a.example\r\n by MAIL.Example.org with ESMTPSA id X; Fri, 2 Jan 2026 03:00:00 +0000\r\n'

test.each([
  ['100 Received fields', other.repeat(100), 'accepted'],
  ['101', other.repeat(101), '554 5.4.6 The message has more than 100 Received fields: it goes in a circle'],
  ['five of our own', ours.repeat(5) + other.repeat(20), 'accepted'],
  ['six of our own', ours.repeat(6), '554 5.4.6 The message was here more than 5 times already: it goes in a circle'],
])('%s', async (_, header, answer) => {
  expect(await refused(`${header}${complete}\r\n`)).toBe(answer)
})

test.each(['Date', 'Subject', 'Message-ID', 'Reply-To', 'Content-Type', 'Content-Transfer-Encoding', 'TLS-Required'])(
  'two %s fields are one too many',
  async (name) => {
    const answer = await refused(`From: ada@example.org\r\n${name}: x\r\n${name.toUpperCase()}: y\r\n\r\n`)
    expect(answer).toBe(`554 5.6.0 The message has more than one ${name.toLowerCase()} field`)
  },
)

test.each(['To', 'Cc', 'Bcc', 'References', 'Received', 'X-Any', 'Comments', 'Resent-To', 'DKIM-Signature'])(
  'two %s fields are not',
  async (name) => {
    expect(await refused(`From: ada@example.org\r\n${name}: x\r\n${name}: y\r\n\r\n`)).toBe('accepted')
  },
)

test('the header that is told is the one that is kept in Sent', async () => {
  const { message, sentCopy } = await take(`${complete}Bcc: x@y.test\r\n\r\nHello\r\n`)
  expect(message.header.toString('latin1')).toBe(sentCopy?.slice(0, sentCopy.indexOf('Hello')))
})
