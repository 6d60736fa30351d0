// Commands parsed a second, and lines written a second. Run after a build:
//   node packages/imap-wire/bench/wire.mjs [name]
// The best of several rounds is shown, since a busy machine only ever adds. The goal: a UID FETCH of FLAGS writes 10 M lines/s.
import {
  baseFetchRules,
  baseSearchRules,
  Framer,
  fetchAtts,
  Parser,
  resolveSet,
  searchProgram,
  storeAttFlags,
  Writer,
} from '../dist/index.js'

const encoder = new TextEncoder()
const searchRules = baseSearchRules()
const only = process.argv[2]

function bestNanoseconds(run, { rounds = 12, times }) {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < times; i++) run()
    best = Math.min(best, Number(process.hrtime.bigint() - start) / times)
  }
  return best
}

function row(name, run, { times, per = 1, unit, goal = '' }) {
  if (only !== undefined && !name.includes(only)) return
  const each = bestNanoseconds(run, { times }) / per
  console.log(`${name}: ${each.toFixed(1)} ns, ${(1000 / each).toFixed(2)} M ${unit}/s ${goal}`)
}

/** Tag, name and arguments, as a session reads them. */
const commands = {
  noop: ['a1 NOOP', () => {}],
  'uid fetch': [
    'a2 UID FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (From To Subject Date)])',
    fetchArguments,
  ],
  'fetch flags': ['a3 FETCH 4827313:4828442 FLAGS', (p) => fetch(p)],
  store: ['a4 STORE 2:4,7 +FLAGS.SILENT (\\Seen $Junk)', storeArguments],
  search: ['a5 SEARCH UNSEEN SINCE 1-Feb-1994 NOT FROM "Smith" OR SUBJECT report LARGER 4096', searchArguments],
  login: ['a6 LOGIN "john.smith@example.org" "ps_app_0123456789abcdef0123456789abcdef"', loginArguments],
}

function fetchArguments(p) {
  p.sp()
  p.name()
  fetch(p)
}

function fetch(p) {
  p.sp()
  p.sequenceSet()
  p.sp()
  fetchAtts(p, baseFetchRules)
}

function storeArguments(p) {
  p.sp()
  p.sequenceSet()
  p.sp()
  storeAttFlags(p)
}

function searchArguments(p) {
  p.sp()
  searchProgram(p, searchRules)
}

function loginArguments(p) {
  p.sp()
  p.credential()
  p.sp()
  p.credential()
}

function parse(command, argumentsOf) {
  const p = new Parser(command)
  p.tag()
  p.sp()
  p.name()
  argumentsOf(p)
  p.end()
}

for (const [name, [text, argumentsOf]] of Object.entries(commands)) {
  const bytes = encoder.encode(`${text}\r\n`)
  const framer = new Framer()
  const run = () => {
    framer.push(bytes)
    parse(framer.next().command, argumentsOf)
  }
  row(`parse ${name}`, run, { times: 30_000, unit: 'commands' })
}

const packet = encoder.encode('a1 NOOP\r\n'.repeat(5000))
row(
  'frame lines',
  () => {
    const framer = new Framer()
    framer.push(packet)
    while (framer.next() !== undefined);
  },
  { times: 20, per: 5000, unit: 'lines' },
)

const ids = encoder.encode(
  `a UID FETCH ${Array.from({ length: 100_000 }, (_, i) => 1_000_000 + 2 * i).join(',')} FLAGS\r\n`,
)
row(
  'parse 100,000 ids',
  () => {
    const framer = new Framer()
    framer.push(ids)
    const p = new Parser(framer.next().command)
    p.tag()
    p.sp()
    p.name()
    p.sp()
    p.name()
    p.sp()
    resolveSet(p.sequenceSet(), { last: 2_000_000 })
  },
  { times: 3, per: 100_000, unit: 'ids' },
)

const lines = 100_000
const writeMin = 65_536
/** As in a mailbox: most are \Seen, some are not, some have more. */
const flagsOf = [1, 1, 1, 1, 1, 1, 0, 0, 3, 5]
const [star, fetchUid, flags, lineEnd] = ['* ', ' FETCH (UID ', ' FLAGS ', ')\r\n'].map((text) => encoder.encode(text))
function fetchFlags(keywords) {
  const w = new Writer()
  let bytes = 0
  for (let i = 0; i < lines; i++) {
    w.bytes(star)
      .number(i + 1)
      .bytes(fetchUid)
      .number(1_000_000 + i)
      .bytes(flags)
      .flags(flagsOf[i % 10], keywords)
      .bytes(lineEnd)
    if (w.length >= writeMin) bytes += w.take().length
  }
  return bytes + w.take().length
}

row('write FETCH FLAGS', () => fetchFlags([]), { times: 3, per: lines, unit: 'lines', goal: '>= 10' })
row('write FETCH FLAGS with keywords', () => fetchFlags(['$Forwarded', 'Junk']), {
  times: 3,
  per: lines,
  unit: 'lines',
})

const envelope = `("Tue, 14 May 2024 11:26:41 +0200" "Minutes" ${'(("Jane Doe" NIL "jane.doe" "example.com")) '.repeat(6)}NIL NIL "<a@b>")`
row(
  'write FETCH ENVELOPE',
  () => {
    const w = new Writer()
    for (let i = 0; i < 10_000; i++) {
      w.raw('* ')
        .number(i + 1)
        .raw(' FETCH (ENVELOPE ')
        .raw(envelope)
        .raw(')\r\n')
      if (w.length >= writeMin) w.take()
    }
  },
  { times: 10, per: 10_000, unit: 'lines' },
)
row(
  'write INTERNALDATE',
  () => {
    const w = new Writer()
    for (let i = 0; i < 10_000; i++) {
      w.raw('* ')
        .number(i + 1)
        .raw(' FETCH (INTERNALDATE ')
        .dateTime(1_700_000_000 + i * 977)
        .raw(')\r\n')
      if (w.length >= writeMin) w.take()
    }
  },
  { times: 10, per: 10_000, unit: 'lines' },
)
const uids = Uint32Array.from({ length: lines }, (_, i) => 1_000_000 + 2 * i)
row('write SEARCH numbers', () => new Writer().numbers(uids).take(), { times: 5, per: lines, unit: 'numbers' })
