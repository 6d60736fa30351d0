// `npm run bench:store`: the store's speed, beside a plain better-sqlite3 loop on the same disk in the same run. Prints
// each figure with what it must be, and exits 1 when one is missed. `--quick` uses a tenth of the mail.

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { openStore } from '@postern/mailbox-store'
import Database from 'better-sqlite3'
import { makeCorpus } from './corpus.mjs'
import { measureOutbox } from './outbox.mjs'

const quick = process.argv.includes('--quick')
const mailboxSize = quick ? 10_000 : 100_000
const folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), 'postern-bench-'))
const missed = []

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const sleeper = new Int32Array(new SharedArrayBuffer(4))
const flushSlowly = (ms) => Atomics.wait(sleeper, 0, 0, ms)

function report(what, value, { unit = '', atLeast, atMost, note = '' }) {
  const goal = atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : ''
  const met = (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)
  if (!met) missed.push(what)
  const shown =
    value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(value >= 1 && value < 10 ? 4 : 3)
  console.log(
    `${met ? 'ok  ' : 'MISS'} ${what.padEnd(62)} ${`${shown} ${unit}`.padStart(16)}  ${goal.padEnd(10)} ${note}`,
  )
}

async function timed(work) {
  const started = performance.now()
  const value = await work()
  return { ms: performance.now() - started, value }
}

async function openAt(path, options = {}) {
  const store = await openStore({ folder: path, onError: (error) => console.error(error), ...options })
  const { environment } = await store.directory.ensureDefault({ tenant: 'bench', environment: 'bench' })
  const domain =
    (await store.directory.findDomain('example.test')) ??
    (await store.directory.createDomain({ environment: environment.id, name: 'example.test' }))
  const found = await store.directory.findAddress('alice@example.test')
  const inbox =
    found?.inbox ?? (await store.directory.createInbox({ domain: domain.id, address: 'alice@example.test' }))
  const alice = store.account(inbox.id)
  return { store, alice, mailbox: (await alice.mailbox('INBOX')).id, archive: (await alice.mailbox('Archive')).id }
}

/** One message a transaction, nothing else: what a program without a store would do. */
function bareLoop(messages, count, flushMs) {
  const db = new Database(join(folder, 'bare.sqlite'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec('CREATE TABLE IF NOT EXISTS mail (id INTEGER PRIMARY KEY, raw BLOB)')
  const insert = db.prepare('INSERT INTO mail (raw) VALUES (?)')
  const started = performance.now()
  for (let i = 0; i < count; i++) {
    insert.run(messages[i % messages.length])
    if (flushMs > 0) flushSlowly(flushMs)
  }
  const rate = count / ((performance.now() - started) / 1000)
  db.close()
  return rate
}

async function callers(number, count, work) {
  let next = 0
  const started = performance.now()
  await Promise.all(
    Array.from({ length: number }, async () => {
      while (next < count) await work(next++)
    }),
  )
  return count / ((performance.now() - started) / 1000)
}

const message = makeCorpus()
const small = Array.from({ length: 4000 }, (_, i) => message(i, { size: 4096 }))

async function measureAppends({ flushMs, runs, count, bareCount }) {
  const path = join(folder, `append-${flushMs}`)
  const aroundFlush = async (flush) => {
    await flush()
    await new Promise((resolve) => setTimeout(resolve, flushMs))
  }
  const { store, alice, mailbox } = await openAt(path, flushMs > 0 ? { aroundFlush } : {})
  const append = (i) => alice.append(mailbox, [{ message: small[i % small.length] }])
  await callers(32, count, append)
  const ratios = []
  const rates = []
  const delay = monitorEventLoopDelay({ resolution: 1 })
  for (let run = 0; run < runs; run++) {
    const bare = bareLoop(small, bareCount, flushMs)
    delay.enable()
    const rate = await callers(32, count, append)
    delay.disable()
    ratios.push(rate / bare)
    rates.push(rate)
  }
  const single = await callers(1, Math.ceil(bareCount / 2), append)
  await store.close()
  // The histogram holds the waits between ticks of its own 1 ms timer.
  return { ratio: median(ratios), rate: median(rates), delayMs: delay.percentile(99) / 1e6 - 1, single }
}

console.log(`node ${process.version}, ${mailboxSize.toLocaleString('en')} messages, in ${folder}\n`)

const fast = await measureAppends({ flushMs: 0, runs: 5, count: 12_000, bareCount: 3_000 })
report('append 4 KB, 32 callers, ÷ one transaction a message', fast.ratio, {
  unit: '×',
  atLeast: 3,
  note: `${Math.round(fast.rate)}/s; one caller ${Math.round(fast.single)}/s`,
})
report('  event-loop delay meanwhile, p99', fast.delayMs, { unit: 'ms', atMost: 10 })
const slow = await measureAppends({ flushMs: 5, runs: 3, count: 3_000, bareCount: 200 })
report('append 4 KB, 32 callers, flush of 5 ms, ÷ the same loop', slow.ratio, {
  unit: '×',
  atLeast: 10,
  note: `${Math.round(slow.rate)}/s`,
})
report('  event-loop delay meanwhile, p99', slow.delayMs, { unit: 'ms', atMost: 10 })

const path = join(folder, 'mailbox')
let home = await openAt(path)
const rareEvery = mailboxSize / 10
let mailBytes = 0
const filled = await timed(() =>
  callers(64, mailboxSize, (i) => {
    const bytes = message(i, i % rareEvery === 7 ? { rare: 'quixotryword' } : {})
    mailBytes += bytes.length
    return home.alice.append(home.mailbox, [{ message: bytes }])
  }),
)
console.log(
  `     filled in ${(filled.ms / 1000).toFixed(1)} s, ${(mailBytes / mailboxSize).toFixed(0)} bytes a message`,
)
const indexing = await timed(() => home.store.maintenance.indexed())
console.log(`     index caught up ${(indexing.ms / 1000).toFixed(1)} s later`)
await home.store.close()

const carried = new Database(join(path, 'postern.sqlite'))
carried.pragma('wal_checkpoint(TRUNCATE)')
carried.close()
const searchFile = new Database(join(path, 'search.sqlite'))
searchFile.pragma('wal_checkpoint(TRUNCATE)')
searchFile.close()
const mainBytes = statSync(join(path, 'postern.sqlite')).size
const searchBytes = statSync(join(path, 'search.sqlite')).size
report('file size ÷ message bytes, without the search index', mainBytes / mailBytes, { unit: '×', atMost: 1.3 })
report('file size ÷ message bytes, with it', (mainBytes + searchBytes) / mailBytes, { unit: '×', atMost: 2.6 })

home = await openAt(path)
const { alice, mailbox, archive, store } = home
const cold = await timed(() => alice.open(mailbox))
const box = cold.value
report(`open a mailbox of ${mailboxSize.toLocaleString('en')}, cold`, cold.ms, { unit: 'ms', atMost: 60 })
const again = []
for (let i = 0; i < 20; i++) {
  const warm = await timed(() => alice.open(mailbox))
  warm.value.close()
  again.push(warm.ms)
}
report('  already open in the process', median(again), { unit: 'ms', atMost: 1 })
report('  its index', box.index.byteLength / 1e6, { unit: 'MB', atMost: 4 * (mailboxSize / 100_000) })

// Where an answer would be written.
const answer = Buffer.alloc(65_536)
const sink = { part: (bytes, start, end) => bytes.copy(answer, 0, start, end) }
const rates = []
for (let run = 0; run < 5; run++) {
  let rows = 0
  const read = await timed(async () => {
    const { messages, length } = box.index.entries
    for (let at = 0; at < length; at += 128) {
      const listings = await box.listings(messages.slice(at, Math.min(at + 128, length)), { listing: true })
      for (let i = 0; listings.seek(i); i++) {
        listings.envelope(sink, { utf8: false })
        listings.structure(sink, { utf8: false })
        rows++
      }
    }
  })
  rates.push(rows / (read.ms / 1000))
}
report('rows for UID FLAGS INTERNALDATE SIZE ENVELOPE BODYSTRUCTURE', median(rates), { unit: '/s', atLeast: 250_000 })

const { highestModSeq } = await alice.status(mailbox)
const spread = Array.from({ length: 10 }, (_, i) => [
  1 + i * Math.floor(mailboxSize / 10),
  1 + i * Math.floor(mailboxSize / 10),
])
await alice.setFlags(mailbox, spread, { how: 'add', flags: { system: 1, keywords: [] } })
const since = []
for (let i = 0; i < 20; i++) since.push((await timed(() => alice.changesSince(mailbox, highestModSeq))).ms)
report(`changes since, 10 of ${mailboxSize.toLocaleString('en')}`, median(since), { unit: 'ms', atMost: 2 })
await box.refresh()

async function measureSearch(what, query, atMost, expected) {
  const first = await timed(() => box.search(query))
  const times = [first.ms]
  for (let i = 0; i < 4; i++) times.push((await timed(() => box.search(query))).ms)
  report(what, median(times), {
    unit: 'ms',
    atMost,
    note: `${first.value.length} found, first time ${first.ms.toFixed(1)} ms`,
  })
  if (first.value.length !== expected) {
    missed.push(what)
    console.log(`MISS ${what}: found ${first.value.length}, expected ${expected}`)
  }
}
const subjectOf = async (at) => {
  const content = await box.content(box.index.entries.messages[at])
  return /Subject: (.*)\r\n/.exec(Buffer.from(await content.bytes()).toString('latin1'))[1]
}
const subject = await subjectOf(Math.floor(mailboxSize / 3))
const content = await box.content(box.index.entries.messages[Math.floor(mailboxSize / 2)])
const messageId = /Message-ID: (.*)\r\n/.exec(Buffer.from(await content.bytes()).toString('latin1'))[1]
await measureSearch('search: rare word in the body', { kind: 'body', text: 'quixotryword' }, 30, 10)
await measureSearch('search: subject substring', { kind: 'subject', text: subject.slice(2) }, 30, 1)
await measureSearch('search: Message-ID', { kind: 'header', name: 'Message-ID', text: messageId }, 5, 1)

const thousand = [[1, 1000]]
for (const [what, work] of [
  ['copy', () => alice.copy(mailbox, thousand, archive)],
  ['flag change', () => alice.setFlags(mailbox, thousand, { how: 'add', flags: { system: 4, keywords: ['bench'] } })],
  ['move', () => alice.move(mailbox, [[2001, 3000]], archive)],
  ['expunge', () => alice.remove(mailbox, [[4001, 5000]])],
]) {
  const done = await timed(work)
  report(`1,000 messages, one commit: ${what}`, done.ms, { unit: 'ms', atMost: 60 })
}
box.close()
await store.close()
await measureOutbox({ folder: join(folder, 'outbox'), message, report, callers, median })
rmSync(folder, { recursive: true, force: true })
console.log(missed.length === 0 ? '\nall met' : `\nmissed: ${missed.join('; ')}`)
process.exitCode = missed.length === 0 ? 0 : 1
