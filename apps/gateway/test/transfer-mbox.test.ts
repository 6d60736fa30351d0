// mbox files of all kinds: where messages begin, what their From lines say, what is quoted, and what other programs note in them.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Arrival } from '../src/transfer/arriving.js'
import { dateOfFromLine, dateOfHeader, fromLineDate } from '../src/transfer/dates.js'
import { wordsOfFlags } from '../src/transfer/flag-words.js'
import { type Quoting, readMbox, readMboxFile } from '../src/transfer/read-mbox.js'
import { contentsOf, importInto, newTransferFolder, sourceOf, transferStore } from './transfer-folder.js'

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function textOf(arrival: Arrival): Promise<string> {
  if (arrival.kind !== 'message') return `${arrival.kind}: ${'why' in arrival ? arrival.why : ''}`
  const { bytes } = arrival.message
  const pieces: Uint8Array[] = []
  for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) pieces.push(piece)
  return Buffer.concat(pieces).toString('latin1')
}

async function texts(mbox: string, { quoting = 'mboxrd' as Quoting, size = 1_000_000 } = {}): Promise<string[]> {
  const found: string[] = []
  for await (const arrival of readMbox(inPieces(Buffer.from(mbox, 'latin1'), size), { name: 'x', quoting }))
    found.push(await textOf(arrival))
  return found
}

/** With the file's own name, so that a Content-Length can be looked after. */
async function textsOfFile(mbox: string): Promise<string[]> {
  const path = join(newTransferFolder(), 'mbox')
  writeFileSync(path, mbox, 'latin1')
  const found: string[] = []
  for await (const arrival of readMboxFile(path, { name: path, quoting: 'mboxrd' })) found.push(await textOf(arrival))
  return found
}

async function flagsOf(fields: string): Promise<string[]> {
  const mbox = Buffer.from(`From a@b Tue Jan  1 10:00:00 2020\n${fields}Subject: s\n\nx\n`)
  for await (const arrival of readMbox(inPieces(mbox, 100), { name: 'x', quoting: 'mboxrd' }))
    if (arrival.kind === 'message') return wordsOfFlags(arrival.message.flags)
  return ['none']
}

const from = 'From a@b Tue Jan  1 10:00:00 2020'

describe('where messages begin', () => {
  test.each([
    [
      'two',
      `${from}\nSubject: 1\n\none\n\n${from}\nSubject: 2\n\ntwo\n\n`,
      ['Subject: 1\r\n\r\none\r\n', 'Subject: 2\r\n\r\ntwo\r\n'],
    ],
    [
      'lines that end in CR LF',
      `${from}\r\nSubject: 1\r\n\r\none\r\n\r\n${from}\r\nSubject: 2\r\n\r\ntwo\r\n\r\n`,
      ['Subject: 1\r\n\r\none\r\n', 'Subject: 2\r\n\r\ntwo\r\n'],
    ],
    ['no line end at the end', `${from}\nSubject: 1\n\none`, ['Subject: 1\r\n\r\none']],
    ['no empty line at the end', `${from}\nSubject: 1\n\none\n`, ['Subject: 1\r\n\r\none\r\n']],
    [
      'no empty line between',
      `${from}\nSubject: 1\n\none\n${from}\nSubject: 2\n\ntwo\n`,
      ['Subject: 1\r\n\r\none\r\n', 'Subject: 2\r\n\r\ntwo\r\n'],
    ],
    [
      'a From line without a date',
      `From a@b\nSubject: 1\n\none\n\nFrom a@b\nSubject: 2\n\ntwo\n`,
      ['Subject: 1\r\n\r\none\r\n', 'Subject: 2\r\n\r\ntwo\r\n'],
    ],
    [
      'a sentence that begins with From',
      `${from}\nSubject: 1\n\nx\n\nFrom then on\nall was well\n`,
      ['Subject: 1\r\n\r\nx\r\n\r\nFrom then on\r\nall was well\r\n'],
    ],
    [
      'a From line in the middle of a text',
      `${from}\nSubject: 1\n\nx\n${from}\nsaid so\n`,
      [`Subject: 1\r\n\r\nx\r\n${from}\r\nsaid so\r\n`],
    ],
    ['no text', `${from}\nSubject: 1\n\n\n${from}\nSubject: 2\n\n\n`, ['Subject: 1\r\n\r\n', 'Subject: 2\r\n\r\n']],
    ['a header alone', `${from}\nSubject: 1\n\n${from}\nSubject: 2\n`, ['Subject: 1\r\n', 'Subject: 2\r\n']],
    ['nothing at all in a message', `${from}\n\n${from}\nSubject: 2\n\n`, ['', 'Subject: 2\r\n']],
    [
      'what is no header',
      `${from}\nthis is none\n\n${from}\n\ntext only\n\n`,
      ['this is none\r\n', '\r\ntext only\r\n'],
    ],
    [
      'empty lines and a byte order mark at the head',
      `\u00ef\u00bb\u00bf\n\n${from}\nSubject: 1\n\none\n`,
      ['Subject: 1\r\n\r\none\r\n'],
    ],
    ['CR LF in a file of LF', `${from}\nSubject: 1\r\n\r\none\r\n\n`, ['Subject: 1\r\n\r\none\r\n']],
    ['an empty file', '', []],
    ['no mbox', 'Subject: 1\n\none\n', ['failed: it does not begin with a From line']],
  ])('%s', async (_, mbox, expected) => {
    expect(await texts(mbox)).toEqual(expected)
    expect(await texts(mbox, { size: 1 })).toEqual(expected)
    expect(await textsOfFile(mbox)).toEqual(expected)
  })

  test('is the same in whatever pieces the file comes', async () => {
    const line = fc.constantFrom(
      from,
      'From x',
      '',
      '>From x',
      'Subject: a',
      'text',
      'Content-Length: 3',
      'x\r',
      'From a@b Tue Jan 1 10:00 2020',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 20 }), fc.integer({ min: 1, max: 30 }), async (lines, size) => {
        const mbox = `${from}\n${lines.join('\n')}`
        expect(await texts(mbox, { size })).toEqual(await texts(mbox))
      }),
      { numRuns: 200 },
    )
  })

  test('is told with the byte where a message fails', async () => {
    const places: string[] = []
    const mbox = Buffer.from(`${from}\nSubject: 1\n\none\n\n${from}\nSubject: 2\n\ntwo\n`)
    for await (const arrival of readMbox(inPieces(mbox, 10), { name: 'old.mbox', quoting: 'mboxrd' }))
      if (arrival.kind === 'message') places.push(arrival.message.place)
    expect(places).toEqual(['old.mbox, byte 0', `old.mbox, byte ${mbox.lastIndexOf(from)}`])
  })
})

describe('Content-Length', () => {
  const body = `one\n\n${from}\nSubject: inside\n\ntext\n>From here\n`
  const rest = `\n${from}\nSubject: 2\n\ntwo\n`
  const inside = body.replaceAll('\n', '\r\n')
  test.each([
    [
      'that is right protects what it counts, and nothing was quoted',
      `Content-Length: ${body.length}\n`,
      [`Subject: 1\r\n\r\n${inside}`, 'Subject: 2\r\n\r\ntwo\r\n'],
    ],
    [
      'that is wrong means nothing',
      `Content-Length: ${body.length - 3}\n`,
      ['Subject: 1\r\n\r\none\r\n', 'Subject: inside\r\n\r\ntext\r\nFrom here\r\n', 'Subject: 2\r\n\r\ntwo\r\n'],
    ],
    [
      'that is larger than the file means nothing',
      'Content-Length: 99999\n',
      ['Subject: 1\r\n\r\none\r\n', 'Subject: inside\r\n\r\ntext\r\nFrom here\r\n', 'Subject: 2\r\n\r\ntwo\r\n'],
    ],
  ])('%s', async (_, field, expected) => {
    expect(await textsOfFile(`${from}\nSubject: 1\n${field}\n${body}${rest}`)).toEqual(expected)
  })

  test('is right at the end of the file, too, and leaves quoted lines as quoted', async () => {
    const text = 'one\n>From here\n'
    expect(await textsOfFile(`${from}\nContent-Length: ${text.length}\n\n${text}`)).toEqual([
      '\r\none\r\nFrom here\r\n',
    ])
  })
})

describe('quoting', () => {
  const mbox = `${from}\nSubject: 1\n\n>From one\n>>From two\n> From three\n`
  test.each([
    ['mboxrd', 'From one\r\n>From two\r\n> From three\r\n'],
    ['mboxo', 'From one\r\n>>From two\r\n> From three\r\n'],
    ['none', '>From one\r\n>>From two\r\n> From three\r\n'],
  ] as const)('%s', async (quoting, expected) => {
    expect(await texts(mbox, { quoting })).toEqual([`Subject: 1\r\n\r\n${expected}`])
  })
})

describe('From lines', () => {
  const at = Date.UTC(2020, 0, 1, 10, 0, 0) / 1000
  test.each([
    ['From a@b Wed Jan  1 10:00:00 2020', at],
    ['From - Wed Jan 01 10:00:00 2020', at],
    ['From MAILER-DAEMON Wed Jan  1 10:00 2020', at],
    ['From "a b"@c Wed Jan 1 10:00:00 2020', at],
    ['From a@b  Wed Jan  1 11:00:00 CET 2020', at],
    ['From a@b Wed Jan  1 11:00:00 +0100 2020', at],
    ['From a@b Wed Jan  1 05:00:00 2020 -0500', at],
    ['From a@b Wed Jan  1 05:00:00 2020 EST', at],
    ['From a@b Wed Jan  1 10:00:00 20', at],
    ['From a!b!c Wed Jan  1 10:00:00 2020 remote from uucp', at],
    ['From a@b Wed, 1 Jan 2020 11:00:00 +0100', at],
    ['From a@b Wed, 01-Jan-2020 10:00:00 GMT', at],
    ['From ???@??? Wed Jan 01 10:00:00 2020', at],
    ['From a@b 2020-01-01T11:00:00+01:00', at],
    ['From a@b 2020-01-01 10:00:00', at],
    ['From a@b Wed Jan 1 2020 10:00:00', at],
    ['From a@b January 1, 2020 10:00:00', at],
    ['From a@b', undefined],
    ['From now on at 10:00', undefined],
    ['From a@b Wed Foo 1 10:00:00 2020', undefined],
  ])('%s', (line, expected) => {
    expect(dateOfFromLine(line)).toBe(expected)
  })

  test('are written so that they are read as they were', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 16_000_000_000 }),
        (seconds) => dateOfFromLine(`From x ${fromLineDate(seconds)}`) === seconds,
      ),
    )
    expect(fromLineDate(at)).toBe('Wed Jan  1 10:00:00 2020')
  })

  test.each([
    ['Received: from x by y; Wed, 1 Jan 2020 10:00:00 +0000\nReceived: by z; Tue, 31 Dec 2019 10:00:00 +0000\n', at],
    ['Received: from x\n\tby y (a; b);\n\tWed, 1 Jan 2020 11:00:00 +0100 (CET)\n', at],
    ['Received: nothing\nDate: Wed, 1 Jan 2020 10:00:00 GMT\n', at],
    ['Date: Wed, 1 Jan 20 10:00:00 +0000\n', at],
    ['Date: yesterday\n', undefined],
    ['Subject: x\n', undefined],
  ])('or the header says it: %j', (header, expected) => {
    expect(dateOfHeader(Buffer.from(header))).toBe(expected)
  })
})

describe('what is noted of a message', () => {
  test.each([
    ['Status: RO\nX-Status: AFDT\n', ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft']],
    ['Status: O\n', []],
    ['X-Keywords: $Forwarded  work \n', ['$Forwarded', 'work']],
    ['X-Keywords: ok (not) "these"\n', ['ok']],
    ['X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n', ['\\Seen']],
    [
      'X-Mozilla-Status: 1007\nX-Mozilla-Status2: 04000000\n',
      ['\\Seen', '\\Answered', '\\Flagged', '$label2', '$Forwarded'],
    ],
    [
      'X-Mozilla-Status: 0001\nX-Mozilla-Keys: $label1 Junk                              \n',
      ['\\Seen', '$label1', 'Junk'],
    ],
    ['X-Mozilla-Status: 0009\n', ['none']],
    ['Status: R\nStatus: nothing\n', ['\\Seen']],
    ['', []],
  ])('%j', async (fields, expected) => {
    expect(await flagsOf(fields)).toEqual(expected)
  })

  test('is taken out of it, and nothing else', async () => {
    const mbox = `${from}\nStatus: RO\nX-Keywords: a\n  b\nSubject: 1\nx-mozilla-status: 0001\nX-UID: 7\nX-Statusbar: kept\n\nStatus: kept\n`
    expect(await texts(mbox)).toEqual(['Subject: 1\r\nX-Statusbar: kept\r\n\r\nStatus: kept\r\n'])
  })

  test('is no message where another server keeps something in the file', async () => {
    const internal = `${from}\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nThis text is part of it\n\n`
    expect(await texts(`${internal}${from}\nSubject: 1\n\none\n`)).toEqual([
      'passed-over: it is no message but what another server keeps in the file',
      'Subject: 1\r\n\r\none\r\n',
    ])
  })
})

test('folders of Thunderbird, mutt and Apple Mail become mailboxes', async () => {
  const folder = newTransferFolder()
  const files: Record<string, string> = {
    Inbox: `${from}\nSubject: in\n\nx\n`,
    'Inbox.msf': 'index',
    'Sent Items': `${from}\nSubject: sent\n\nx\n`,
    Projekte: '',
    'Projekte.sbd/2024': `${from}\nSubject: p\n\nx\n`,
    'Projekte.sbd/2024.sbd/alt': `${from}\nSubject: pp\n\nx\n`,
    'Mail/lists/dev': `${from}\nSubject: dev\n\nx\n`,
    'Notes.mbox/mbox': `${from}\nSubject: apple\n\nx\n`,
    'Notes.mbox/table_of_contents': 'binary',
    'readme.txt': 'no mail\n',
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const { store, addInbox } = await transferStore()
  const account = await addInbox()
  const tally = await importInto(store, account, sourceOf('mbox', folder))
  const found = Object.entries(await contentsOf(account)).filter(([, messages]) => messages.length > 0)
  expect(Object.fromEntries(found.map(([name, [first]]) => [name, /Subject: (\w+)/.exec(first!.text)?.[1]]))).toEqual({
    ...{
      INBOX: 'in',
      Sent: 'sent',
      'Projekte/2024': 'p',
      'Projekte/2024/alt': 'pp',
      'Mail/lists/dev': 'dev',
      Notes: 'apple',
    },
  })
  expect((await account.mailboxes()).map(({ name }) => name)).toContain('Projekte')
  expect(tally.notes.map(({ place }) => place.slice(folder.length + 1)).sort()).toEqual([
    'Inbox.msf',
    'Notes.mbox/table_of_contents',
    'readme.txt',
  ])
  expect(tally.failed).toBe(0)
})
