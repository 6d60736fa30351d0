// How fast a message comes in, from the DATA stream to the texts that would be stored, without network and store. Run after a build:
//   node apps/submission/bench/receive.mjs
// The best of several rounds is shown, since a busy machine only ever adds. The goal: lines are looked at with 500 MB/s.
import { LineCheck } from '../dist/message/line-check.js'
import { LineMend } from '../dist/message/line-mend.js'
import { receiveMessage } from '../dist/message/receive.js'

const facts = {
  sender: 'ada@example.org',
  recipients: ['bob@example.net'],
  smtpUtf8: false,
  bytesMax: 100_000_000,
  maySend: async () => true,
  trace: {
    hostname: 'mail.example.org',
    queueId: 'Q1',
    helo: 'laptop.example.org',
    clientAddress: '192.0.2.7',
    showClientAddress: false,
    secured: true,
  },
  clock: Date.now,
  random: (bytes) => new Uint8Array(bytes),
}
const header =
  'From: Ada Lovelace <ada@example.org>\r\nTo: Bob <bob@example.net>\r\nSubject: Numbers\r\n' +
  'Date: Fri, 2 Jan 2026 03:04:05 +0000\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n' +
  'Content-Type: text/plain; charset=utf-8\r\n'
const line = 'The quick brown fox jumps over the lazy dog, and then it does so once more.\r\n'
const text = (bytes) => Buffer.from(line.repeat(Math.ceil(bytes / line.length)))
const pieceBytes = 65_536

function* cut(bytes) {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

async function* stream(bytes) {
  yield* cut(bytes)
}

async function drain(pieces) {
  for await (const _ of pieces);
}

async function bestSeconds(run, rounds = 12) {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    await run()
    best = Math.min(best, (performance.now() - began) / 1000)
  }
  return best
}

async function megabytesRow(name, bytes, run) {
  const seconds = await bestSeconds(run)
  console.log(
    `${name.padEnd(46)} ${Math.round(bytes.length / 1e6 / seconds)
      .toString()
      .padStart(7)} MB/s`,
  )
}

const large = text(20_000_000)
const inLines = (pass) => () => {
  for (const piece of cut(large)) pass.take(piece)
}
await megabytesRow('lines looked at', large, inLines(new LineCheck()))
await megabytesRow('lines mended that need none', large, inLines(new LineMend()))

const whole = Buffer.concat([Buffer.from(`${header}\r\n`), large])
const blind = Buffer.concat([Buffer.from(`${header}Bcc: eve@example.net\r\n\r\n`), large])
const receive = (bytes) => async () => (await receiveMessage(stream(bytes), facts)).stage(drain, { sentCopy: true })
await megabytesRow('20 MB, hashed', whole, receive(whole))
await megabytesRow('20 MB, hashed, two texts', blind, receive(blind))

const small = Buffer.concat([Buffer.from(`${header}\r\n`), text(3_700)])
const times = 2_000
const seconds = await bestSeconds(async () => {
  for (let i = 0; i < times; i++) await receive(small)()
})
console.log(
  `${'4 KB'.padEnd(46)} ${Math.round(times / seconds)
    .toString()
    .padStart(7)} messages/s`,
)
