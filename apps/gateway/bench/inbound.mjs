// `npm run bench:inbound`: receiving by the gateway beside Postfix and Dovecot from Debian, until the messages are in the inboxes and
// flushed. Prints for each row the speed of both, the ratio, the goal, and whether it's met.
// `--quick` takes fewer and shorter turns, `--profile=<folder>` writes the gateway's CPU profile there, `--alone` leaves the others out.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { domain, startGateway, startPostfixAndDovecot, whyNoPostfixAndDovecot } from './inbound/servers.mjs'
import { SmtpClient } from './smtp/client.mjs'
import { letters } from './smtp/letters.mjs'
import { startLoad } from './smtp/load-process.mjs'
import {
  atRest,
  headBeside,
  makeCertificate,
  percentile,
  print,
  RawClient,
  shown,
  takeTurns,
  tally,
} from './smtp/others.mjs'

const option = (name) => process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
const quick = process.argv.includes('--quick')
const turns = quick ? 3 : 5
const workMsMax = quick ? 8_000 : 30_000
const inboxes = 100
/** Nobody else writes to the one in which IDLE listens. */
const listening = `inbox${inboxes}@${domain}`
const size = 4_096
let mailsHeard = 0

const home = mkdtempSync(join(tmpdir(), 'postern-bench-inbound-'))
chmodSync(home, 0o755)
const servers = []
const load = startLoad()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void cleanUp().then(() => process.exit(1)))
try {
  const files = { ...makeCertificate(home), inboxes: inboxes + 1 }
  const why = process.argv.includes('--alone') ? 'The others are left out.' : whyNoPostfixAndDovecot()
  if (why !== undefined) console.log(why)
  servers.push(await startGateway(home, { ...files, profileTo: option('profile') }))
  if (why === undefined) servers.push(await startPostfixAndDovecot(home, files))
  console.log(`node ${process.version}\n\n${headBeside('Postfix and Dovecot')}`)
  const rows = []
  for (const measure of [...works().map((work) => () => beside(work)), exists, existsUnderLoad]) {
    rows.push(await measure())
    print(rows.at(-1))
  }
  console.log(`\n${tally(rows)}`)
} finally {
  await cleanUp()
}

async function cleanUp() {
  load.stop()
  await Promise.all(servers.map((server) => server.stop()))
  rmSync(home, { recursive: true, force: true })
}

function works() {
  const everybody = Array.from({ length: inboxes }, (_, i) => `inbox${i}@${domain}`)
  return [
    bringing('4 KB to one inbox', { to: [everybody[0]], clients: 16, messages: quick ? 200 : 1_000 }),
    bringing('4 KB to one inbox', { to: [everybody[1]], clients: 1, messages: quick ? 50 : 200 }),
    bringing('4 KB to 100 inboxes', { to: everybody, clients: 16, messages: quick ? 16 : 64 }),
  ]
}

/** Sent by so many connections, and waited for until the last one is in its inboxes. */
function bringing(name, { to, clients, messages }) {
  return {
    ...{ name: `${name}, ${clients} connection${clients > 1 ? 's' : ''}`, goal: 2, unit: 'per s' },
    async prepare(server) {
      // Dovecot's first messages, when several come at once, break the index of a mailbox that is just being made.
      await load.order('bring', { server: server.mx, clients: 1, size, to, messages: 1 })
      await server.settled()
      return { server }
    },
    async run({ server: { mx, settled } }) {
      const done = await load.order('bring', { server: mx, clients, size, to, messages })
      await settled()
      return done
    },
  }
}

/** What the gateway's process used for a message, its index of new mail included, is told beside the row. */
async function beside(work) {
  const [ours] = servers
  let [used, done] = [0, 0]
  let before = 0
  const isOurs = ({ server }) => server === ours
  const counted = {
    ...work,
    before(state) {
      if (isOurs(state)) before = ours.cpuSeconds()
    },
    async run(state) {
      const messages = await work.run(state)
      if (isOurs(state)) done += messages
      return messages
    },
    async after(state) {
      if (!isOurs(state)) return
      await atRest([ours])
      used += ours.cpuSeconds() - before
    },
  }
  const row = await takeTurns(counted, { servers, turns, endsAt: performance.now() + workMsMax })
  return { ...row, notes: [...row.notes, `Postern used ${shown((1_000 * used) / done)} ms of CPU for a message`] }
}

function exists() {
  return waitsUntilExists('from 250 to EXISTS in IDLE, p50 / p99')
}

/** While others bring mail to another inbox as fast as they can. */
async function existsUnderLoad() {
  const [{ mx: server }] = servers
  let isOver = false
  const bringing = (async () => {
    while (!isOver) await load.order('bring', { server, clients: 16, size, to: [`inbox0@${domain}`], messages: 200 })
  })()
  try {
    return await waitsUntilExists('the same while 16 connections bring mail')
  } finally {
    isOver = true
    await bringing
  }
}

/** From the sender's hearing the 250 until a session in IDLE on the INBOX has heard EXISTS. */
async function waitsUntilExists(name) {
  const [ours] = servers
  const to = listening
  const [listener, client] = [
    await RawClient.loggedIn({ ...ours, user: to }, 'INBOX'),
    await SmtpClient.ofServer(ours.mx),
  ]
  const letter = letters({ from: 'bench@example.org', to, size })
  const [waits, whole] = [[], []]
  await listener.idle()
  for (let count = 1; count <= (quick ? 50 : 300); count++) {
    const heard = listener.untilExists(mailsHeard + count).then(() => performance.now())
    const began = performance.now()
    await client.send({ from: 'bench@example.org', to, message: letter() })
    const accepted = performance.now()
    const at = await heard
    waits.push(Math.max(0, at - accepted))
    whole.push(at - began)
  }
  mailsHeard += waits.length
  listener.end()
  client.end()
  const p99 = percentile(waits, 0.99)
  return {
    name,
    ...{
      goal: 'p99 ≤ 100 ms',
      ours: `${shown(percentile(waits, 0.5))} / ${shown(p99)} ms`,
      met: p99 <= 100,
      notes: [`from MAIL to EXISTS: ${shown(percentile(whole, 0.5))} / ${shown(percentile(whole, 0.99))} ms`],
    },
  }
}
