// `npm run bench:smtp`: submission to the gateway beside Postfix from Debian with the same guarantees, over TLS 1.3 with a login. Prints
// for each row the speed of both, the ratio of wall time, the ratio of server CPU, the goal, and whether it's met. Works (smtp/works.mjs)
// are run in turns beside Postfix, trials (smtp/trials.mjs) once and alone, against a figure.
// `--quick` takes fewer and shorter turns, `--only=<part of a name>[,<another>]` measures those alone, `--profile=<folder>` writes the
// gateway's CPU profile there, `--alone` leaves Postfix out, `--node=<options>` runs the gateway with these options of Node's.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLoad } from './smtp/load-process.mjs'
import { headBeside, makeCertificate, print, takeTurns, tally } from './smtp/others.mjs'
import { startGateway, startPostfixDoor, startPromptAcks, whyNoPostfix } from './smtp/servers.mjs'
import { trials } from './smtp/trials.mjs'
import { works } from './smtp/works.mjs'

const option = (name) => process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
const quick = process.argv.includes('--quick')
const only = option('only')?.split(',')
const turns = quick ? 3 : 5
/** A work that took this long takes no further turn. */
const workMsMax = quick ? 4_000 : 15_000
const begun = performance.now()

const home = mkdtempSync(join(tmpdir(), 'postern-bench-smtp-'))
chmodSync(home, 0o755)
const servers = []
const load = startLoad()
const endPromptAcks = startPromptAcks()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void cleanUp().then(() => process.exit(1)))
try {
  const files = makeCertificate(home)
  const why = process.argv.includes('--alone') ? 'Postfix is left out.' : whyNoPostfix()
  if (why !== undefined) console.log(why)
  const nodeOptions = option('node')?.split(' ') ?? []
  servers.push(await startGateway(home, { ...files, profileTo: option('profile'), nodeOptions, inboxes: 1 }))
  if (why === undefined) servers.push(await startPostfixDoor(files))
  console.log(`node ${process.version}\n\n${headBeside('Postfix')}`)
  const rows = []
  for (const measure of chosen()) {
    rows.push(await measure())
    print(rows.at(-1))
  }
  console.log(`\n${tally(rows)}\n${((performance.now() - begun) / 1_000).toFixed(0)} s in all`)
} finally {
  await cleanUp()
}

async function cleanUp() {
  load.stop()
  endPromptAcks()
  await Promise.all(servers.map((server) => server.stop()))
  rmSync(home, { recursive: true, force: true })
}

function chosen() {
  const isChosen = ({ name }) => only === undefined || only.some((part) => name.includes(part))
  const turnsOf = (work) => takeTurns(work, { servers, turns, endsAt: performance.now() + workMsMax })
  return [
    ...works({ load, quick })
      .filter(isChosen)
      .map((work) => () => turnsOf(work)),
    ...trials.filter(isChosen).map((trial) => () => tried(trial)),
  ]
}

async function tried({ name, goal, run }) {
  try {
    return { name, goal, ...(await run({ ours: servers[0], quick, home })) }
  } catch (error) {
    return { name, goal, ours: 'failed', met: false, notes: [error.stack] }
  }
}
