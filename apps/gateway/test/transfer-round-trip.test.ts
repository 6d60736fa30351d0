// What is exported comes back as it was: mailboxes, order, flags, keywords, dates, and every byte, through each format, however
// hostile messages and names are.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Account, type Append, systemFlag } from '@postern/mailbox-store'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { formats } from '../src/transfer/export-index.js'
import {
  contentsOf,
  exportFrom,
  importInto,
  newTransferFolder,
  put,
  sourceOf,
  type TransferStore,
  transferStore,
} from './transfer-folder.js'

const mail = (text: string, more: Partial<Append> = {}): Append => ({
  ...{ message: Buffer.from(text, 'latin1'), internalDate: 1_600_000_000, flags: { system: 0, keywords: [] } },
  ...more,
})
const head = 'From: a@example.test\r\nSubject: s\r\n'

/** Each has been the end of somebody's mbox. */
const hostileTexts = [
  '',
  '\n',
  '\r\n',
  '\r',
  '\n\n\n',
  'From nobody\n',
  'From a@b Tue Jan  1 10:00:00 2020\r\n\r\nno header, a From line\r\n',
  `${head}\r\nFrom a@b Tue Jan  1 10:00:00 2020\r\nSubject: not a message\r\n\r\n`,
  `${head}\r\n>From here\r\n>>From there\r\n >From indented\r\n>>>>From far\r\n`,
  `${head}\r\nno line end at the end`,
  `${head}\r\nFrom`,
  `${head}\r\n>`,
  `${head}\r\nends in CR\r`,
  `${head}\r\nlone \n lf, lone \r cr, both \r\r\n of them \n\r\n`,
  `${head}\nheader ends in a bare LF\r\nFrom that on\r\n`,
  'Subject: bare\n\nall lines are\nbare\n\nFrom a@b Tue Jan  1 10:00:00 2020\n\n',
  `${head}\r\nNUL \0 and eight bits \xff\xfe\x80\r\n`,
  `${head}`,
  `${head}\r\n`,
  `${head}\r\n\r\n\r\n\r\n`,
  `Status: RO\r\nX-Status: AF\r\nX-Keywords: own\r\nX-Mozilla-Status: 0008\r\nContent-Length: 7\r\n${head}\r\nkeeps its fields\r\n`,
  `X-Postern-Export: lines=3, exact, unended\r\nStatus: RO\r\n${head}\r\nan export in an export\r\n`,
  `${head}\r\n${'>'.repeat(999)}From\r\n${'>'.repeat(1_000)}From x\r\n${'>'.repeat(1_001)}From y\r\n${'>'.repeat(1_002)}From z\r\n`,
  `${head}\r\n${'x'.repeat(300_000)}\r\nFrom behind a long line\r\n`,
  `${head}\r\n${'\r\nFrom '.repeat(40_000)}`,
  `${head}\r\n${'>'.repeat(400_000)}From \r\n`,
  `${head}\r\n${'a line of a large one\r\n'.repeat(20_000)}lone\nFrom the end`,
]

let home: TransferStore
beforeAll(async () => {
  home = await transferStore()
})

async function throughFiles(from: Account, format: (typeof formats)[number]) {
  const folder = join(newTransferFolder(), 'out')
  await exportFrom(from, format, folder)
  const to = await home.addInbox()
  const tally = await importInto(home.store, to, sourceOf(format, folder))
  return { folder, to, tally }
}

describe.each(formats)('%s', (format) => {
  test('gives hostile messages back, with their order, flags, keywords and dates', async () => {
    const from = await home.addInbox()
    const all = hostileTexts.map((text, i) =>
      mail(text, {
        internalDate: 1_700_000_000 - i * 86_399,
        flags: { system: i % 32, keywords: i % 3 === 0 ? ['$Forwarded', `k${i}`] : [] },
      }),
    )
    await put(from, 'INBOX', all)
    const { to, tally } = await throughFiles(from, format)
    expect(tally.failures).toEqual([])
    const [came, was] = [await contentsOf(to), await contentsOf(from)]
    for (const [i, message] of came.INBOX!.entries()) expect({ i, ...message }).toEqual({ i, ...was.INBOX![i] })
    expect(came).toEqual(was)
  })

  test('gives hostile names back, and writes nothing outside the folder', async () => {
    const from = await home.addInbox()
    const names = [
      ...[
        'a',
        'A',
        'á',
        'a\u0301b',
        '..',
        '../..',
        '../../../etc/passwd',
        'con',
        'aux.txt',
        'nul',
        'x:y*z?',
        'a.b',
        'a/b',
        'a.sbd',
        'a.sbd/b',
      ],
      ...[
        'cur',
        'new/cur',
        'tmp',
        '.hidden',
        '~',
        'trailing.',
        'trailing ',
        '17.eml',
        'postern-export.json',
        'postern-messages.jsonl',
      ],
      ...[
        '&',
        '&-',
        '&AOQ-',
        'übers/中文/🙂',
        'INBOX/below',
        'back\\slash',
        'x'.repeat(900),
        `${'long/'.repeat(48)}end`,
        'per%20cent',
        '-rf',
      ],
    ]
    for (const name of names)
      await put(from, name, [mail(`Subject: in ${Buffer.from(name).toString('hex').slice(0, 80)}\r\n\r\nx\r\n`)])
    await from.subscribe('a/b')
    await from.subscribe('subscribed/and gone')
    const { folder, to, tally } = await throughFiles(from, format)
    expect(tally.failures).toEqual([])
    expect(await contentsOf(to)).toEqual(await contentsOf(from))
    expect(await to.subscriptions()).toEqual(await from.subscriptions())
    expect(readdirSync(join(folder, '..'))).toEqual(['out'])
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      expect(path).not.toMatch(/\.partial$|(?:^|\/)\.\.?(?:\/|$)|[\\:*?"<>|](?!2,)/)
      for (const part of path.split('/')) expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255)
    }
  })

  test('gives back whatever bytes, flags and keywords there are', async () => {
    const bit = fc.constantFrom(...Object.values(systemFlag))
    const piece = fc.constantFrom(
      'From ',
      '>',
      'From a@b Tue Jan  1 10:00:00 2020',
      '\n',
      '\r\n',
      '\r',
      '\0',
      'Subject: x',
      'Status: R',
      ' ',
      'é',
      'x',
    )
    const text = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''))
    const keyword = fc.constantFrom(...Array.from({ length: 40 }, (_, i) => `kw${i}`), '$Forwarded', '$MDNSent')
    const message = fc.record({
      text,
      system: fc.array(bit).map((bits) => bits.reduce((all, one) => all | one, 0)),
      keywords: fc.uniqueArray(keyword, { maxLength: 8 }),
      internalDate: fc.integer({ min: 0, max: 4_000_000_000 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 30 }), async (messages) => {
        const from = await home.addInbox()
        await put(
          from,
          'INBOX',
          messages.map(({ text: bytes, system, keywords, internalDate }) =>
            mail(bytes, { internalDate, flags: { system, keywords } }),
          ),
        )
        const { to } = await throughFiles(from, format)
        expect(await contentsOf(to)).toEqual(await contentsOf(from))
      }),
      { numRuns: Number(process.env.POSTERN_TRANSFER_RUNS ?? 10) },
    )
  })

  test('is whole or has no index, and says what is in it', async () => {
    const from = await home.addInbox()
    await put(from, 'Archive', [mail(`${head}\r\none\r\n`), mail(`${head}\r\ntwo\r\n`)])
    const folder = join(newTransferFolder(), 'out')
    await exportFrom(from, format, folder, ['Archive'])
    const index = JSON.parse(readFileSync(join(folder, 'postern-export.json'), 'utf8'))
    expect(index).toMatchObject({
      version: 1,
      format,
      mailboxes: [{ name: 'Archive', specialUse: '\\Archive', isSubscribed: true, messages: 2 }],
    })
    expect(existsSync(join(folder, index.mailboxes[0].path))).toBe(true)
    expect(statSync(join(folder, 'postern-export.json')).mode & 0o777).toBe(0o600)
  })
})
