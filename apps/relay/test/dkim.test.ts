// Signatures, checked by a verifier of another make: mailauth's, and dkimpy where the machine has it.

import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Content, MessageId } from '@postern/mailbox-store'
import type { Route } from '@postern/routing'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { expect, test } from 'vitest'
import { Signer } from '../src/dkim/signer.js'
import { readHeader } from '../src/outgoing-header.js'

const now = 1_750_000_000_000
const direct: Route = { kind: 'direct', port: 25 }

interface Pair {
  readonly privateKey: KeyObject
  readonly record: string
}
const record = (kind: string, publicKey: Buffer): string => `v=DKIM1; k=${kind}; p=${publicKey.toString('base64')}`
const rsa = (): Pair => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { privateKey, record: record('rsa', publicKey.export({ type: 'spki', format: 'der' })) }
}
const ed25519 = (): Pair => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { privateKey, record: record('ed25519', publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)) }
}
const pairs = { r1: rsa(), e1: ed25519() }
const records: Record<string, string> = {
  'r1._domainkey.example.org': pairs.r1.record,
  'e1._domainkey.example.org': pairs.e1.record,
}

/** In pieces of one size, as a file would come. */
const contentOf = (text: string, pieceBytes = 65_536): Content => {
  const bytes = Buffer.from(text, 'latin1')
  const cut = ({ start, end } = { start: 0, end: bytes.length }): Buffer => bytes.subarray(start, end)
  return {
    size: bytes.length,
    bytes: async (range) => cut(range),
    async *stream(range) {
      const wanted = cut(range)
      for (let at = 0; at < wanted.length; at += pieceBytes) yield wanted.subarray(at, at + pieceBytes)
    },
  }
}

interface Given {
  readonly keys?: readonly (keyof typeof pairs)[]
  readonly sender?: string
  readonly route?: Route
  readonly pieceBytes?: number
  readonly foreign?: boolean
}

async function signed(text: string, given: Given = {}): Promise<string> {
  const { keys = ['r1', 'e1'], sender = 'ada@example.org', route = direct, pieceBytes, foreign = false } = given
  const signer = new Signer({
    clock: () => now,
    dkimOf: async (domain) =>
      domain === 'example.org' ? keys.map((selector) => ({ selector, privateKey: pairs[selector].privateKey })) : [],
  })
  const content = contentOf(text, pieceBytes)
  const header = await readHeader(content)
  const message = await signer.outgoing({ message: 1 as MessageId, sender, content, header, route, foreign })
  const pieces: Uint8Array[] = []
  for await (const piece of message.read()) pieces.push(piece)
  const out = Buffer.concat(pieces)
  expect(out).toHaveLength(message.size)
  expect(out.toString('latin1').endsWith(text)).toBe(true)
  return out.toString('latin1')
}

/** As it arrives: SMTP ends the last line. */
const results = async (text: string): Promise<string[]> => {
  const { results } = await dkimVerify(Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1'), {
    curTime: new Date(now),
    resolver: async (name: string) => {
      const value = records[name]
      if (value === undefined) throw Object.assign(new Error('none'), { code: 'ENOTFOUND' })
      return [[value]]
    },
  })
  return results.map(({ status, signingDomain, selector }) => `${status.result} ${signingDomain} ${selector}`)
}

const header = [
  'Received: from a by b; Mon, 1 Jan 2026 00:00:00 +0000',
  'From: Ada <ada@example.org>',
  'To: Bob <bob@remote.test>,\r\n\tCarl   <carl@remote.test>',
  'Subject:   two  words ',
  'Date: Mon, 1 Jan 2026 00:00:00 +0000',
  'Message-ID: <1@example.org>',
  'List-Unsubscribe: <https://example.org/>',
  'MIME-Version: 1.0',
].join('\r\n')
const both = ['pass example.org r1', 'pass example.org e1']

test.each([
  ['an ordinary body', 'Hello,\r\n\r\nworld.\r\n'],
  ['no body', ''],
  ['blank lines only', '\r\n\r\n \r\n'],
  ['blank lines before and behind', '\r\n\r\nx\r\n\r\n \t\r\n\r\n'],
  ['white space everywhere', ' a \t b \r\n\t\tc\r\n  \r\nd   \r\n'],
  ['no line end', 'x'],
  ['white space at the end without a line end', 'x \t'],
  ['eight bits', '\xc3\xa4\xff\x80\r\n'],
  ['many blank lines', `a${'\r\n'.repeat(3_000)}b\r\n`],
])('%s: both signatures hold, in pieces of any size', async (_, body) => {
  for (const pieceBytes of [1, 2, 3, 7, 65_536])
    expect(await results(await signed(`${header}\r\n\r\n${body}`, { pieceBytes }))).toEqual(both)
})

test('a body of chance, in pieces of chance', async () => {
  const letters = [' ', '\t', '\r\n', 'a', 'b', '.', '\r\n', '\xe4']
  for (let n = 0; n < 60; n++) {
    const body = Array.from({ length: n * 3 }, () => letters[Math.floor(Math.random() * letters.length)]).join('')
    const text = await signed(`${header}\r\n\r\n${body}`, { pieceBytes: 1 + Math.floor(Math.random() * 9) })
    expect([body, await results(text)]).toEqual([body, both])
  }
})

test('what a reader trusts can neither be changed nor added; a trace field can', async () => {
  const text = await signed(`${header}\r\n\r\nHello\r\n`)
  const failed = ['fail example.org r1', 'fail example.org e1']
  expect(await results(`Received: from c by d; now\r\n${text}`)).toEqual(both)
  for (const name of ['From', 'Subject', 'To', 'Cc', 'Date', 'Message-ID', 'Reply-To', 'Content-Type'])
    expect(await results(`${name}: other@evil.test\r\n${text}`), name).toEqual(failed)
  const bodyChanged = failed.map((each) => each.replace('fail', 'neutral'))
  expect(await results(text.replace('Hello', 'Hullo'))).toEqual(bodyChanged)
  expect(await results(text.replace('two  words', 'three words'))).toEqual(failed)
})

test('white space that servers change on the way is no change', async () => {
  const text = await signed(`${header}\r\n\r\nHello  there \r\n`)
  const changed = text.replace('Hello  there \r\n', 'Hello there\r\n').replace('\r\n\tCarl   <', ' Carl <')
  expect(changed).not.toBe(text)
  expect(await results(changed)).toEqual(both)
})

test('every line of a signature is short', async () => {
  const text = await signed(`${header}\r\n\r\nHello\r\n`)
  for (const line of text.slice(0, text.indexOf('Received:')).split('\r\n')) expect(line.length).toBeLessThanOrEqual(78)
})

test.each<[string, string, Given, string[]]>([
  ['no key', header, { keys: [] }, []],
  ["From's domain has no key, the sender's has", header.replace('ada@example.org', 'ada@other.test'), {}, both],
  ['neither has', header.replace('ada@example.org', 'ada@other.test'), { sender: 'x@other.test' }, []],
  ['a null sender, and a From', header, { sender: '' }, both],
  ['Resend writes its own message', header, { route: { kind: 'resend', apiKey: 'k', endpoint: undefined } }, []],
])('%s', async (_, head, given, expected) => {
  const text = await signed(`${head}\r\n\r\nHello\r\n`, given)
  expect(text.includes('DKIM-Signature')).toBe(expected.length > 0)
  if (expected.length > 0) expect(await results(text)).toEqual(expected)
})

test('what SES replaces is not signed', async () => {
  const route: Route = { kind: 'ses', region: 'eu', accessKeyId: 'a', secretAccessKey: 'b', endpoint: undefined }
  const text = await signed(`${header}\r\n\r\nHello\r\n`, { route })
  const replaced = text.replace('<1@example.org>', '<2@ses.test>').replace('Mon, 1 Jan', 'Tue, 2 Jan')
  expect(await results(replaced)).toEqual(both)
})

test('a large message is signed in flat memory', async () => {
  const piece = Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(256))
  const pieces = 400
  const head = Buffer.from(`${header}\r\n\r\n`)
  let read = 0
  const content: Content = {
    size: head.length + pieces * piece.length,
    bytes: async ({ start, end } = { start: 0, end: 0 }) => Buffer.concat([head, piece]).subarray(start, end),
    async *stream({ start } = { start: 0, end: 0 }) {
      if (start < head.length) yield head.subarray(start)
      for (let i = 0; i < pieces; i++, read++) yield piece
    },
  }
  const signer = new Signer({
    clock: () => now,
    dkimOf: async () => [{ selector: 'e1', privateKey: pairs.e1.privateKey }],
  })
  const before = process.memoryUsage().rss
  const toSign = { message: 1 as MessageId, sender: '', content, header: await readHeader(content), route: direct }
  await signer.outgoing(toSign)
  await signer.outgoing(toSign)
  expect(read).toBe(pieces)
  expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000)
})

test('what came from elsewhere and is sent on is not signed in our name', async () => {
  const text = `${header}\r\n\r\nHello.\r\n`
  expect(await signed(text)).toMatch(/^DKIM-Signature: /)
  expect(await signed(text, { foreign: true })).toBe(text)
})

const python = '/usr/bin/python3'
const hasDkimpy = spawnSync(python, ['-c', 'import dkim, nacl']).status === 0

test.skipIf(!hasDkimpy)('dkimpy says the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-dkim-'))
  try {
    writeFileSync(join(folder, 'records.json'), JSON.stringify(records))
    writeFileSync(join(folder, 'message'), await signed(`${header}\r\n\r\n a \t b \r\n\r\n\r\n`), 'latin1')
    const said = execFileSync(python, ['-c', dkimpy, folder], { encoding: 'utf8' })
    expect(said.trim()).toBe('True True')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const dkimpy = `
import dkim, json, sys
records = json.load(open(sys.argv[1] + '/records.json'))
d = dkim.DKIM(open(sys.argv[1] + '/message', 'rb').read())
dns = lambda name, timeout=5: records[name.decode().rstrip('.')].encode()
print(*[d.verify(idx=i, dnsfunc=dns) for i in (0, 1)])
`
