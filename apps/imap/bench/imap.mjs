// `npm run bench:imap`: the gateway beside Dovecot 2.3 with sdbox, over TLS 1.3, on the same mail. The two take turns; a
// ratio is the median of the turns'. Prints speed, the ratio of wall time, the ratio of server CPU, and the goal.
// `--quick` uses less mail and fewer turns, `--only=<part of a name>` measures those alone, `--profile=<folder>` writes the
// gateway's CPU profile there, `--alone` leaves Dovecot out.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RawClient } from './raw-client.mjs'
import { makeCertificate, startDovecot, startPostern, whyNoDovecot } from './servers.mjs'
import { appendOf, works } from './works.mjs'

// The other package's bench, not the package.
const { makeCorpus } = await import(new URL('../../../packages/mailbox-store/bench/corpus.mjs', import.meta.url))

const option = (name) => process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
const quick = process.argv.includes('--quick')
const only = option('only')
const size = quick ? 2_000 : 10_000
const turns = quick ? 3 : 5
/** A work that took this long takes no further turn. */
const workMsMax = quick ? 900 : 6_000
/** From then on a work has one turn, so that a busy machine ends too. */
const hurryAfterMs = quick ? 25_000 : 120_000
const begun = performance.now()
const rareWord = 'quixotryword'

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const percentile = (values, share) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]

function makeMail() {
  const message = makeCorpus()
  const mail = Array.from({ length: size }, (_, i) => message(i, i % (size / 10) === 7 ? { rare: rareWord } : {}))
  const small = Array.from({ length: 400 }, (_, i) => message(size + i, { size: 4096 }))
  return { mail, small, words: { rare: rareWord, ...wordsOf(mail) } }
}

/** A word that about a third of the mail has in its body, and one that few subjects have. */
function wordsOf(mail) {
  const counts = new Map()
  const sample = mail.slice(0, 300).map((bytes) => bytes.toString('latin1').split('\r\n\r\n'))
  for (const [, body] of sample)
    for (const word of new Set(body.match(/\w{6,}/g))) counts.set(word, (counts.get(word) ?? 0) + 1)
  const [common] = [...counts].reduce((best, one) => (Math.abs(one[1] - 100) < Math.abs(best[1] - 100) ? one : best))
  const subjects = sample.map(([header]) => /^Subject: (\w+)/m.exec(header)[1]).filter((word) => word.length >= 6)
  const subject = subjects.find((word) => subjects.filter((other) => other === word).length === 1)
  return { common, subject }
}

async function fill(server, mail) {
  const client = await RawClient.loggedIn(server)
  const started = performance.now()
  const step = 250
  for (let at = 0; at < mail.length; at += step) {
    const day = (i) => `"${String(1 + ((at + i) % 28)).padStart(2, ' ')}-Feb-2026 10:00:00 +0000"`
    const words = (i) => `${(at + i) % 2 === 0 ? '(\\Seen) ' : ''}${day(i)} `
    await client.commands([appendOf('INBOX', mail.slice(at, at + step), words)])
  }
  client.end()
  return (performance.now() - started) / 1_000
}

/** Until a search no longer gets faster: the index is built in the background. */
async function settled(server) {
  const client = await RawClient.loggedIn(server, 'INBOX')
  for (let tries = 0, quiet = 0; tries < 60 && quiet < 3; tries++) {
    const started = performance.now()
    await client.command(`SEARCH TEXT ${rareWord}`)
    quiet = performance.now() - started < 15 ? quiet + 1 : 0
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  client.end()
}

/** One turn: what was done per second, or the waits, and the CPU per unit. */
async function turn(work, server, state) {
  await work.before?.(state)
  const [cpu, started] = [server.cpuSeconds(), performance.now()]
  const done = await work.run(state)
  const seconds = (performance.now() - started) / 1_000
  const used = server.cpuSeconds() - cpu
  await work.after?.(state)
  const isWaits = Array.isArray(done)
  return { rate: isWaits ? 1_000 / median(done) : done / seconds, waits: isWaits ? done : [], seconds, used }
}

async function measure(work, servers) {
  const sides = []
  for (const server of servers) {
    try {
      const state = await work.prepare(server)
      await turn(work, server, state)
      sides.push({ server, state, turns: [] })
    } catch (error) {
      sides.push({ server, error: error.message })
    }
  }
  const able = sides.filter(({ error }) => error === undefined)
  const endsAt = Math.min(performance.now() + workMsMax, begun + hurryAfterMs)
  for (let round = 0; round < turns && (round === 0 || performance.now() < endsAt); round++)
    for (const side of round % 2 === 0 ? able : able.toReversed())
      side.turns.push(await turn(work, side.server, side.state))
  for (const { state } of able)
    for (const client of [state, ...(Array.isArray(state) ? state : Object.values(state))])
      if (client instanceof RawClient) client.end()
  return sides
}

const shown = (value) =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(value >= 10 ? 3 : 2)

function speed({ error, turns: runs }, { unit }) {
  if (error !== undefined) return 'refused'
  if (unit !== 'ms') return `${shown(median(runs.map(({ rate }) => rate)))} ${unit}`
  const waits = runs.flatMap((run) => run.waits)
  return `${shown(percentile(waits, 0.5))} / ${shown(percentile(waits, 0.99))} ms`
}

function cpuRatio([ours, theirs]) {
  const perUnit = ({ turns: runs }) => {
    const [used, units] = runs.reduce(([u, n], run) => [u + run.used, n + run.rate * run.seconds], [0, 0])
    return used / units
  }
  const enough = [ours, theirs].every(({ turns: runs }) => runs.reduce((sum, { used }) => sum + used, 0) >= 0.1)
  return enough ? `${shown(perUnit(theirs) / perUnit(ours))} ×` : ''
}

function report(work, sides) {
  const [ours, theirs] = sides
  const both = theirs !== undefined && sides.every(({ error }) => error === undefined)
  const ratio = both ? median(ours.turns.map(({ rate }, i) => rate / theirs.turns[i].rate)) : undefined
  const p99 =
    work.p99AtMost !== undefined && !ours.error
      ? percentile(
          ours.turns.flatMap((run) => run.waits),
          0.99,
        )
      : 0
  const missed = ours.error !== undefined || p99 > (work.p99AtMost ?? 0) || (ratio ?? Infinity) < (work.goal ?? 0)
  const goal = work.p99AtMost ? `p99 ≤ ${work.p99AtMost} ms` : work.goal ? `≥ ${work.goal} ×` : ''
  const columns = [
    ...[
      missed ? 'MISS' : both || work.p99AtMost ? 'ok  ' : '    ',
      work.name.padEnd(45),
      speed(ours, work).padStart(17),
    ],
    ...[(theirs ? speed(theirs, work) : '').padStart(17), (ratio === undefined ? '' : `${shown(ratio)} ×`).padStart(8)],
    ...[(both ? cpuRatio(sides) : '').padStart(8), goal],
  ]
  console.log(columns.join('  '))
  for (const { server, error } of sides) if (error !== undefined) console.log(`       ${server.name}: ${error}`)
}

const folder = mkdtempSync(join(tmpdir(), 'postern-bench-imap-'))
chmodSync(folder, 0o755)
const servers = []
try {
  const files = makeCertificate(folder)
  const why = process.argv.includes('--alone') ? 'Dovecot is left out.' : whyNoDovecot()
  if (why !== undefined) console.log(why)
  servers.push(await startPostern(folder, { ...files, profileTo: option('profile') }))
  if (why === undefined) servers.push(await startDovecot(folder, files))
  const { mail, small, words } = makeMail()
  const filled = []
  for (const server of servers) filled.push(`${server.name} in ${(await fill(server, mail)).toFixed(1)} s`)
  await settled(servers[0])
  console.log(`node ${process.version}, ${size.toLocaleString('en')} messages; filled: ${filled.join(', ')}\n`)
  const heads = [
    '    ',
    ''.padEnd(45),
    'Postern'.padStart(17),
    'Dovecot'.padStart(17),
    'wall'.padStart(8),
    'CPU'.padStart(8),
    'goal',
  ]
  if (quick) console.log('     The goals are those of the full run.')
  console.log(heads.join('  '))
  for (const work of works({ size, words, small, quick }))
    if (only === undefined || work.name.includes(only)) report(work, await measure(work, servers))
  console.log(`\n${((performance.now() - begun) / 1_000).toFixed(0)} s in all`)
} finally {
  await Promise.all(servers.map((server) => server.stop()))
  rmSync(folder, { recursive: true, force: true })
}
