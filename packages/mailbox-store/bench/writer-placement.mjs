// Where the writer belongs: on the protocol thread with a flush that blocks it, there with a flush in libuv's pool, or
// in a worker. The same group commit runs in all places, fed by callers that parse each message on this thread;
// requests and answers cross to the worker in batches, one a tick.
// The figures and the choice stand in docs/decisions/writer-placement.md.

import { fdatasyncSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { openStore } from '@postern/mailbox-store'
import { FileBlobs } from '../dist/blobs/file-blobs.js'
import { defaultLimits } from '../dist/limits.js'
import { prepareMessage } from '../dist/messages/prepare.js'
import { Connection } from '../dist/sqlite/connection.js'
import { append } from '../dist/sqlite/messages.js'
import { Writer } from '../dist/sqlite/writer.js'
import { makeCorpus } from './corpus.mjs'

const sleeper = new Int32Array(new SharedArrayBuffer(4))

function openWriter({ folder, flushMs, blocking = false }) {
  const aroundFlush = async (flush) => {
    if (blocking) {
      fdatasyncSync(wal)
      if (flushMs > 0) Atomics.wait(sleeper, 0, 0, flushMs)
      return
    }
    await flush()
    if (flushMs > 0) await new Promise((resolve) => setTimeout(resolve, flushMs))
  }
  const db = new Connection({ path: join(folder, 'postern.sqlite') })
  const wal = openSync(join(folder, 'postern.sqlite-wal'), 'r')
  const writer = new Writer(db, {
    limits: defaultLimits,
    now: Date.now,
    ring: () => {},
    blobs: new FileBlobs({ folder }),
    aroundFlush,
  })
  const place = ({ account, mailbox, message }) =>
    writer.submit({
      flush: true,
      run: (tx) =>
        append(tx, { account, mailbox, entries: [{ message, flags: { system: 0, keywords: [] }, internalDate: 0 }] }),
    })
  return { place, close: () => writer.close().then(() => db.close()) }
}

if (!isMainThread) {
  const { place } = openWriter(workerData)
  let answers = []
  const answer = (id, value) => {
    if (answers.push({ id, uid: value.uids[0] }) === 1)
      setImmediate(() => {
        parentPort.postMessage(answers)
        answers = []
      })
  }
  parentPort.on('message', (requests) => {
    for (const { id, ...request } of requests) place(request).then((value) => answer(id, value))
  })
} else await measure()

function remote(options) {
  const worker = new Worker(new URL(import.meta.url), { workerData: options })
  const waiting = new Map()
  let requests = []
  let nextId = 1
  worker.on('message', (answers) => {
    for (const { id, uid } of answers) {
      waiting.get(id)(uid)
      waiting.delete(id)
    }
  })
  const place = (request) =>
    new Promise((resolve) => {
      const id = nextId++
      waiting.set(id, resolve)
      if (requests.push({ id, ...request }) === 1)
        setImmediate(() => {
          worker.postMessage(requests)
          requests = []
        })
    })
  return { place, close: () => worker.terminate() }
}

async function measure() {
  const message = makeCorpus()
  const mail = Array.from({ length: 2000 }, (_, i) => message(i, { size: 4096 }))
  const results = new Map()
  for (let round = 0; round < 3; round++)
    for (const flushMs of [0, 5])
      for (const where of ['flush on the protocol thread', 'flush in the pool', 'all in a worker'])
        for (const callers of [1, 8, 32, 64]) {
          const count = flushMs > 0 ? callers * 60 : Math.min(12_000, callers * 1500)
          const figures = await run({ where, flushMs, callers, count, mail })
          const key = `flush +${flushMs} ms  ${String(callers).padStart(2)} callers  ${where}`
          results.set(key, [...(results.get(key) ?? []), figures])
        }
  for (const [key, list] of [...results].sort(([a], [b]) => a.localeCompare(b))) {
    const middle = (pick) => list.map(pick).sort((a, b) => a - b)[1]
    console.log(
      `${key.padEnd(56)} ${String(Math.round(middle(({ rate }) => rate))).padStart(7)}/s   loop delay p99 ${middle(({ delay }) => delay).toFixed(1)} ms`,
    )
  }
}

async function run({ where, flushMs, callers, count, mail }) {
  const folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), 'postern-placement-'))
  const store = await openStore({ folder })
  const { environment } = await store.directory.ensureDefault({ tenant: 'bench', environment: 'bench' })
  const domain = await store.directory.createDomain({ environment: environment.id, name: 'example.test' })
  const { id: account } = await store.directory.createInbox({ domain: domain.id, address: 'alice@example.test' })
  const { id: mailbox } = await store.account(account).mailbox('INBOX')
  await store.close()
  const writer =
    where === 'all in a worker'
      ? remote({ folder, flushMs })
      : openWriter({ folder, flushMs, blocking: where.startsWith('flush on') })
  const work = async (n) => {
    let next = 0
    const started = performance.now()
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while (next < n)
          await writer.place({
            account,
            mailbox,
            message: prepareMessage(mail[next++ % mail.length], { inline: true }),
          })
      }),
    )
    return n / ((performance.now() - started) / 1000)
  }
  await work(Math.ceil(count / 2))
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const rate = await work(count)
  delay.disable()
  await writer.close()
  rmSync(folder, { recursive: true, force: true })
  return { rate, delay: delay.percentile(99) / 1e6 - 1 }
}
