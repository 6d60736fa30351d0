// Times the search index and the searcher: a store of synthetic mail, its indexing, its size, and the searches of the
// contract's speed rows. `npm run build`, then `node packages/mailbox-store/bench/search.mjs [messages] [folder]`.

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileBlobs } from '../dist/blobs/file-blobs.js'
import { defaultLimits } from '../dist/limits.js'
import { Entries } from '../dist/messages/entries.js'
import { MailboxIndex } from '../dist/messages/mailbox-index.js'
import { prepareMessage } from '../dist/messages/prepare.js'
import { allUids } from '../dist/model.js'
import { chunksCovering } from '../dist/sqlite/chunks.js'
import { Connection } from '../dist/sqlite/connection.js'
import { KeywordNames } from '../dist/sqlite/keywords.js'
import { append } from '../dist/sqlite/messages.js'
import { migrate } from '../dist/sqlite/schema.js'
import { searchMailbox } from '../dist/sqlite/search.js'
import { SearchIndexBuilder, SearchIndexReader } from '../dist/sqlite/search-index.js'
import { Writer } from '../dist/sqlite/writer.js'

const count = Number(process.argv[2] ?? 100_000)
const folder = process.argv[3] ?? mkdtempSync(join(tmpdir(), 'postern-search-bench-'))
const budgetMs = Number(process.env.STEP_MS ?? 20)

// A repeatable source of chance.
let seed = 20_250_401
const chance = () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}
const pick = (list) => list[Math.floor(chance() * list.length)]

// Words of syllables that are themselves of unequal frequency, used by Zipf's law: as many trigrams as prose has.
const onsets = 't th s st h w b br c ch d f g l m n p pr r sh tr v y k qu str'.split(' ')
const vowels = 'e a i o u ea ou ie ai'.split(' ')
const codas = ['', '', '', 'n', 'r', 's', 't', 'd', 'ng', 'nd', 'st', 'ck', 'l', 'ment', 'tion', 'ly', 'ing', 'able']
const skewed = (list) => list[Math.floor(chance() ** 1.7 * list.length)]
const syllable = () => skewed(onsets) + skewed(vowels) + skewed(codas)
const words = new Set(
  'the of and to in a is that for it as was with be by on not he his but at are this have'.split(' '),
)
while (words.size < 24_000) words.add(Array.from({ length: 1 + Math.floor(chance() * 3) }, syllable).join(''))
const vocabulary = [...words]
const weights = []
let total = 0
for (let rank = 0; rank < vocabulary.length; rank++) {
  total += 1 / (rank + 2.7)
  weights.push(total)
}
function word() {
  const at = chance() * total
  let low = 0
  let high = weights.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (weights[middle] < at) low = middle + 1
    else high = middle
  }
  return vocabulary[low]
}

const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const junk = (length) => Array.from({ length }, () => pick(base64)).join('')
const capital = (text) => text[0].toUpperCase() + text.slice(1)
const people = Array.from({ length: 600 }, () => {
  const [first, last, host] = [
    capital(syllable()),
    capital(syllable() + syllable()),
    `${syllable()}${syllable()}.example`,
  ]
  return { name: `${first} ${last}`, address: `${first}.${last}@${host}`.toLowerCase(), host }
})

function prose(bytes, every, special) {
  let out = ''
  let line = 0
  for (let n = 1; out.length < bytes; n++) {
    let next = n % every === 0 && special !== undefined ? special : word()
    if (chance() < 0.08) next = capital(next)
    if (chance() < 0.1) next += pick(['.', ',', '.', '?', ':'])
    out += next
    line += next.length + 1
    if (line > 70) {
      out += '\r\n'
      line = 0
    } else out += ' '
  }
  return out
}

const rareWord = 'quixotrypsin'
const commonWord = vocabulary[60]
const rareIn = new Set(Array.from({ length: 10 }, (_, i) => Math.floor(((i + 0.5) * count) / 10)))

function message(i) {
  const from = people[Math.floor(chance() ** 2 * people.length)]
  const seconds = 1_600_000_000 + i * 900
  const date = new Date(seconds * 1000).toUTCString().replace('GMT', '+0000')
  const id = `${junk(22).replace(/[+/]/g, 'x')}@${from.host}`
  const subject =
    Array.from({ length: 3 + Math.floor(chance() * 5) }, word).join(' ') + (rareIn.has(i) ? ' zephyrlike' : '')
  const header = [
    `Return-Path: <${from.address}>`,
    `Received: from mx.${from.host} (mx.${from.host} [192.0.2.${i % 250}])\r\n\tby mail.postern.example (Postern) with ESMTPS id ${junk(12)}\r\n\tfor <me@postern.example>; ${date}`,
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${from.host}; s=mail;\r\n\th=from:to:subject:date:message-id:mime-version; bh=${junk(43)}=;\r\n\tb=${junk(86)}\r\n\t${junk(86)}`,
    `From: ${from.name} <${from.address}>`,
    `To: Me Myself <me@postern.example>`,
    `Subject: ${subject}`,
    `Date: ${date}`,
    `Message-ID: <${id}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 7bit',
    `X-Mailer: Bench ${i % 7}`,
  ].join('\r\n')
  const body = prose(2000 + chance() * 3600, 150, rareIn.has(i) ? rareWord : undefined)
  return { bytes: Buffer.from(`${header}\r\n\r\n${body}\r\n`), id, seconds }
}

const database = join(folder, 'mail.sqlite')
const searchPath = join(folder, 'search.sqlite')
const blobsFolder = join(folder, 'blobs')
const db = new Connection({ path: database })
migrate(db)
const bytesOf = (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** A row in which everything that isn't said and has to be is 0. */
function insert(table, values) {
  const needed = db.raw
    .pragma(`table_info(${table})`)
    .filter(({ notnull, dflt_value: preset }) => notnull && preset === null)
  const row = { ...Object.fromEntries(needed.map(({ name }) => [name, 0])), ...values }
  const names = Object.keys(row)
  db.run(
    `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    ...Object.values(row),
  )
}

let someId = ''
async function fill() {
  db.raw.pragma('foreign_keys = OFF')
  insert('meta', { key: 'store_id', value: 'bench' })
  insert('inbox', { id: 1 })
  for (const id of [1, 2]) {
    insert('uid_space', { id, uid_validity: 1, uid_next: 1 })
    insert('mailbox', { id, account: 1, name: `box ${id}`, space: id, uid_next: 1 })
  }
  const blobs = new FileBlobs({ folder: blobsFolder })
  const writer = new Writer(db, { limits: defaultLimits, now: () => 1_700_000_000_000, ring: () => {}, blobs })
  for (let at = 0; at < count; at += 500) {
    await writer.submit({
      flush: false,
      run(tx) {
        for (let i = at; i < Math.min(count, at + 500); i++) {
          const { bytes, id, seconds } = message(i)
          if (i === Math.floor(count / 3)) someId = id
          // The last tenth is a mailbox of its own, so that the smaller rows are measured in the same store.
          append(tx, {
            account: 1,
            mailbox: i < count * 0.9 ? 1 : 2,
            entries: [
              {
                message: prepareMessage(bytes, { inline: true }),
                flags: { system: i % 5 === 0 ? 1 : 0, keywords: [] },
                internalDate: seconds,
              },
            ],
          })
        }
      },
    })
  }
  await writer.close()
  db.raw.pragma('wal_checkpoint(TRUNCATE)')
}

function openIndex(...mailboxes) {
  const chunks = mailboxes.flatMap((mailbox) => chunksCovering(db, mailbox, allUids))
  const entries = new Entries(chunks.reduce((sum, chunk) => sum + chunk.entries.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    for (let i = 0; i < chunk.entries.length; i++)
      entries.push({ ...chunk.entries.at(i), uid: chunk.entries.uids[i] + offset })
    offset = mailboxes.length > 1 && chunk.mailbox === mailboxes[0] ? 0 : 0
  }
  if (mailboxes.length > 1) for (let i = 0; i < entries.length; i++) entries.uids[i] = i + 1
  return new MailboxIndex({ entries, modSeq: 1 })
}

let started = performance.now()
if (db.get("SELECT 1 AS one FROM meta WHERE key = 'store_id'") === undefined) await fill()
if (someId === '') {
  const row = db.get('SELECT header FROM message WHERE id = ?', Math.floor(count / 3) + 1)
  someId = /Message-ID: <(.*?)>/.exec(Buffer.from(row.header).toString('latin1'))[1]
}
const mailBytes = db.get('SELECT sum(size) AS bytes FROM message').bytes
console.log(
  `${count} messages, ${Math.round(mailBytes / count)} bytes each (${((performance.now() - started) / 1000).toFixed(1)} s to make)`,
)

started = performance.now()
const builder = new SearchIndexBuilder({ mainPath: database, searchPath, blobsFolder })
let indexedAt
for (;;) {
  const state = builder.step({ budgetMs })
  if (indexedAt === undefined && builder.watermark >= count) indexedAt = performance.now()
  if (state === 'done') break
}
const indexMs = (indexedAt ?? performance.now()) - started
console.log(
  `index: ${Math.round((count / indexMs) * 1000)} messages/s, ${(((mailBytes / indexMs) * 1000) / 1e6).toFixed(1)} MB/s; merged after ${((performance.now() - started) / 1000).toFixed(1)} s`,
)
builder.close()
console.log(
  `files: main ${(bytesOf(database) / mailBytes).toFixed(2)}, search ${(bytesOf(searchPath) / mailBytes).toFixed(2)} × message bytes`,
)

const blobs = new FileBlobs({ folder: blobsFolder })
const keywords = new KeywordNames(db)
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1]

async function row(label, index, query, { sort, reader, runs = 9 } = {}) {
  const used = reader ?? new SearchIndexReader({ searchPath })
  const times = []
  let found = 0
  for (let i = 0; i < runs; i++) {
    const begun = performance.now()
    found = (
      await searchMailbox({ db, blobs, reader: used, index, keywords, accounts: [1] }, query, sort ? { sort } : {})
    ).length
    times.push(performance.now() - begun)
  }
  console.log(
    `  ${label.padEnd(44)} ${String(found).padStart(7)} found   first ${times[0].toFixed(2).padStart(8)} ms   warm ${median(times).toFixed(2).padStart(7)} ms`,
  )
  if (reader === undefined) used.close()
}

const day = (d) => Math.floor((1_600_000_000 + d * 86_400) / 86_400)
for (const [label, index] of [
  [`${count} messages in the mailbox`, openIndex(1, 2)],
  [`${count / 10} messages in the mailbox`, openIndex(2)],
]) {
  console.log(label)
  await row('all', index, { kind: 'all' })
  await row('body: rare word', index, { kind: 'body', text: rareWord })
  await row('text: rare word', index, { kind: 'text', text: rareWord })
  await row('body: absent word', index, { kind: 'body', text: 'zzyzxabsent' })
  await row(`body: common word (${commonWord})`, index, { kind: 'body', text: commonWord })
  await row(`text: common word (${vocabulary[400]})`, index, { kind: 'text', text: vocabulary[400] })
  await row('body: three characters', index, { kind: 'body', text: commonWord.slice(0, 3) })
  await row('subject: rare substring', index, { kind: 'subject', text: 'ephyrlik' })
  await row(`subject: common substring (${vocabulary[100]})`, index, { kind: 'subject', text: vocabulary[100] })
  await row('from: one person', index, { kind: 'from', text: people[40].address })
  await row('from: everybody', index, { kind: 'from', text: '.example' })
  await row('header message-id', index, { kind: 'header', name: 'Message-ID', text: `<${someId}>` })
  await row('sent since', index, { kind: 'sentDay', from: day(5) })
  await row('internal date since', index, { kind: 'internalDate', from: 1_600_000_000 + count * 450 })
  await row('flag: seen', index, { kind: 'flag', flag: 1 })
  await row('unseen and from', index, {
    kind: 'and',
    of: [
      { kind: 'from', text: people[3].address },
      { kind: 'not', of: { kind: 'flag', flag: 1 } },
    ],
  })
  for (const by of ['arrival', 'date', 'subject', 'from', 'size'])
    await row(`sort by ${by}`, index, { kind: 'all' }, { sort: [{ by }] })
  await row(
    'sort by subject, reverse date',
    index,
    { kind: 'all' },
    { sort: [{ by: 'subject' }, { by: 'date', reverse: true }] },
  )
}
console.log('no index, small mailbox')
const scanning = new SearchIndexReader({ searchPath: join(folder, 'none.sqlite') })
await row('body: rare word, scanned', openIndex(2), { kind: 'body', text: rareWord }, { reader: scanning, runs: 3 })
await row('subject, scanned', openIndex(2), { kind: 'subject', text: 'zephyr' }, { reader: scanning, runs: 3 })
console.log(`resident ${Math.round(process.memoryUsage().rss / 1e6)} MB`)
db.close()
if (process.argv[3] === undefined) rmSync(folder, { recursive: true })
