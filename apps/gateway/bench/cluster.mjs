// `npm run bench:cluster`: two workers on the same ports beside one process, on the same mail, in logins and in FETCH; then how long
// news takes to 2,000 sessions in IDLE of two workers, through Redis and through their supervisor. `--quick` has fewer turns and
// sessions, `--only=<part of a name>` measures those alone. NODE_CLUSTER_SCHED_POLICY=rr lets the supervisor accept for its workers.

import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { news } from './cluster/news.mjs'
import { scaling } from './cluster/scaling.mjs'
import { startLoad } from './smtp/load-process.mjs'
import {
  appendOf,
  headBeside,
  makeCertificate,
  makeCorpus,
  print,
  RawClient,
  startPostern,
  tally,
} from './smtp/others.mjs'

const { startRedis } = await import(new URL('../../../scripts/redis-process.mjs', import.meta.url).href)

const quick = process.argv.includes('--quick')
const only = process.argv.find((word) => word.startsWith('--only='))?.slice(7)
const isWanted = (name) => only === undefined || name.includes(only)
const turns = quick ? 3 : 7
const seconds = quick ? 2 : 3
const inboxes = 40
const sessions = quick ? 400 : 2_000
const messages = quick ? 40 : 120
const policy = process.env.NODE_CLUSTER_SCHED_POLICY
const settings = {
  POSTERN_IMAP_SESSIONS_PER_INBOX_MAX: '100',
  ...(policy === undefined ? {} : { NODE_CLUSTER_SCHED_POLICY: policy }),
}

const folder = mkdtempSync(join(tmpdir(), 'postern-bench-cluster-'))
chmodSync(folder, 0o755)
const stops = []
const rows = []
const show = (row) => {
  rows.push(row)
  print(row)
}
try {
  const files = makeCertificate(folder)
  console.log(headBeside('one process'))
  if (isWanted('logins') || isWanted('FETCH')) await scale(files)
  for (const [name, redis] of [['news by the supervisor'], ['news by Redis', startRedis]])
    if (isWanted(name)) await tell(name, { files, redis: await redis?.() })
  console.log(`\n${tally(rows)}`)
} finally {
  for (const stop of stops.toReversed()) await stop()
  rmSync(folder, { recursive: true, force: true })
}

async function scale(files) {
  const [one, two] = [await server('one', files), await server('two', files, { POSTERN_WORKERS: '2' })]
  const message = makeCorpus()
  const mail = Array.from({ length: 200 }, (_, i) => message(i))
  for (const each of [one, two])
    for (const user of each.users.slice(0, 4)) {
      const client = await RawClient.loggedIn({ ...each, user })
      await client.commands([appendOf('INBOX', mail)])
      client.end()
    }
  const load = startLoad(new URL('cluster/load.mjs', import.meta.url))
  const measured = { turns, seconds, goal: 1.7, load, one: first(one), two: first(two) }
  if (isWanted('logins'))
    show(await scaling({ name: 'logins over TLS', kind: 'logins', lanes: 16, warmUpTo: 3_000 }, measured))
  if (isWanted('FETCH'))
    show(await scaling({ name: 'FETCH of 200 messages', kind: 'fetch', lanes: 16, warmUpTo: 800_000 }, measured))
  load.stop()
  for (const stop of stops.splice(0)) await stop()
}

/** Those with mail. */
function first({ port, user, password, users, pid }) {
  return { port, user, password, users: users.slice(0, 4), pid }
}

async function tell(name, { files, redis }) {
  if (redis !== undefined) stops.push(() => redis.end())
  const own = redis === undefined ? {} : { POSTERN_REDIS_URL: `redis://127.0.0.1:${redis.port}` }
  const gateway = await server(name.replaceAll(' ', '-'), files, { POSTERN_WORKERS: '2', ...own })
  show(await news(name, { server: gateway, sessions, messages, redis }))
  for (const stop of stops.splice(0).toReversed()) await stop()
}

async function server(name, files, own = {}) {
  const home = join(folder, name)
  const gateway = await startPostern(home, { ...files, inboxes, settings: { ...settings, ...own } })
  stops.push(() => gateway.stop())
  const running = () => readdirSync(join(home, 'postern', 'running')).filter((file) => file.endsWith('.json')).length
  while (running() < Number(own.POSTERN_WORKERS ?? 1)) await sleep(20)
  return gateway
}
