// `npm run bench:imap`: the gateway beside Dovecot 2.3 with sdbox, over TLS 1.3, on the same mail. Prints for each row the speed of
// both, the ratio of wall time, the ratio of server CPU, the goal, and whether it's met. Rows are of two kinds: works (works.mjs)
// are run in turns beside Dovecot, trials (trials.mjs) once and alone, against a figure.
// `--quick` uses less mail and fewer turns and leaves the long trials out, `--only=<part of a name>[,<another>]` measures
// those alone, `--profile=<folder>` writes the gateway's CPU profile there, `--alone` leaves Dovecot out, `--node=<options>` runs the
// gateway with these options of Node's.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fill, makeMail, searchSettled } from './mail.mjs'
import { makeCertificate, startDovecot, startPostern, whyNoDovecot } from './servers.mjs'
import { headBeside, print, tally } from './table.mjs'
import { trials } from './trials.mjs'
import { takeTurns } from './turns.mjs'
import { works } from './works.mjs'

const option = (name) => process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
const quick = process.argv.includes('--quick')
const only = option('only')?.split(',')
const profileTo = option('profile')
const nodeOptions = option('node')?.split(' ') ?? []
const size = quick ? 2_000 : 10_000
const turns = quick ? 3 : 5
/** A work that took this long takes no further turn. */
const workMsMax = quick ? 900 : 5_000
/** From then on a work has one turn, so that a busy machine ends too. */
const hurryAfterMs = quick ? 30_000 : 150_000
/** What would begin later is left out. */
const allMsMax = quick ? 100_000 : 420_000
/** Beside the first one: rows with many sessions spread them. */
const inboxes = 10
const begun = performance.now()

const folder = mkdtempSync(join(tmpdir(), 'postern-bench-imap-'))
chmodSync(folder, 0o755)
/** Those that the works run on, and with those that trials have of their own, all that are to be ended. */
const servers = []
const running = new Set()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void cleanUp().then(() => process.exit(1)))
try {
  const files = makeCertificate(folder)
  const why = process.argv.includes('--alone') ? 'Dovecot is left out.' : whyNoDovecot()
  if (why !== undefined) console.log(why)
  servers.push(ending(await startPostern(folder, { ...files, profileTo, nodeOptions, inboxes })))
  if (why === undefined) servers.push(ending(await startDovecot(folder, { ...files, inboxes })))
  const mail = await filled()
  const rows = []
  for (const { name, measure } of chosen({ size, quick, ...mail }, files)) {
    if (performance.now() - begun > allMsMax) {
      console.log(`         ${name}: left out, there is no time left`)
      continue
    }
    rows.push(await measure())
    print(rows.at(-1))
  }
  console.log(`\n${tally(rows)}\n${((performance.now() - begun) / 1_000).toFixed(0)} s in all`)
} finally {
  await cleanUp()
}

function ending(server) {
  running.add(server)
  return server
}

async function cleanUp() {
  await Promise.all(Array.from(running, (server) => server.stop()))
  rmSync(folder, { recursive: true, force: true })
}

async function filled() {
  const made = makeMail(size)
  const took = []
  for (const server of servers) took.push(`${server.name} in ${(await fill(server, made.mail)).toFixed(1)} s`)
  await searchSettled(servers[0])
  console.log(`node ${process.version}, ${size.toLocaleString('en')} messages; filled: ${took.join(', ')}\n`)
  if (quick) console.log('         The goals are those of the full run.')
  console.log(headBeside('Dovecot'))
  return made
}

function chosen(setting, files) {
  const measureWork = (work) => {
    const endsAt = Math.min(performance.now() + workMsMax, begun + hurryAfterMs)
    return takeTurns(work, { servers, turns, endsAt })
  }
  const measureTrial = async (trial) => ({
    name: trial.name,
    goal: trial.goal,
    ...(await tried(trial, setting, files)),
  })
  return [
    ...works(setting).map((work) => ({ name: work.name, measure: () => measureWork(work) })),
    ...trials
      .filter(({ isLong }) => !(quick && isLong))
      .map((trial) => ({ name: trial.name, measure: () => measureTrial(trial) })),
  ].filter(({ name }) => only === undefined || only.some((part) => name.includes(part)))
}

/** A trial may have gateways of its own; they end with it. */
async function tried(trial, setting, files) {
  const own = []
  const startOwn = async (options) => {
    const home = mkdtempSync(join(folder, 'own-'))
    own.push(ending(await startPostern(home, { ...files, profileTo, nodeOptions, ...options })))
    return own.at(-1)
  }
  try {
    return await trial.run({ ...setting, ours: servers[0], startOwn })
  } catch (error) {
    return { ours: 'failed', met: false, notes: [error.stack] }
  } finally {
    for (const server of own) {
      await server.stop()
      running.delete(server)
    }
  }
}
