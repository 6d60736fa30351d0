// Two gateways over a Redis that sentinels watch, and over a cluster: while clients are in IDLE the server dies that carries their news,
// and another one takes its place. Nothing is missed meanwhile, and afterwards news comes by rings again. Each process has one
// subscription for a mailbox, however many sessions have it open.

import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine } from './command-line.js'
import { newFolder, stop } from './gateway-process.js'
import { freePort, type RedisProcess, startRedis } from './redis-process.js'
import { append, type Client, client, type Running, running } from './sharing-gateways.js'

/** Each look at a Redis is a process of its own. */
const soon = { timeout: 60_000, interval: 300 } as const
const channel = 'postern:ring:mailbox:1'
const sessionsEach = 3

interface Kind {
  readonly url: string
  /** How often somebody has subscribed to the mailbox of the test, at the server that has its channel now. */
  subscriptions(): Promise<number>
  /** Kills the server that has the mailbox's channel; resolves when another one has taken its place. */
  failOver(meanwhile: () => Promise<void>): Promise<void>
}

/** A server with its replica, and a sentinel that decides alone; another one that is named isn't there. */
async function sentinels(): Promise<Kind> {
  const server = await startRedis()
  let current = server
  const replica = await startRedis('--replicaof', '127.0.0.1', String(server.port))
  await expect.poll(() => replica.ask('INFO', 'replication'), soon).toContain('master_link_status:up')
  const file = join(newFolder(), 'sentinel.conf')
  const times = 'sentinel down-after-milliseconds mail 500\nsentinel failover-timeout mail 20000\n'
  writeFileSync(file, `sentinel monitor mail 127.0.0.1 ${server.port} 1\n${times}`)
  const sentinel = await startRedis(file, '--sentinel', '--port', String(await freePort()))
  await expect.poll(() => sentinel.ask('SENTINEL', 'REPLICAS', 'mail'), soon).toContain(String(replica.port))
  const hosts = [await freePort(), sentinel.port].map((port) => `127.0.0.1:${port}`)
  return {
    url: `redis+sentinel://${hosts.join(',')}/mail`,
    subscriptions: () => counted(current, 'NUMSUB'),
    async failOver(meanwhile) {
      await server.kill()
      current = replica
      await meanwhile()
      await expect.poll(() => replica.ask('ROLE'), soon).toContain('master')
    },
  }
}

const counted = async (node: RedisProcess, word: string): Promise<number> =>
  Number((await node.ask('PUBSUB', word, channel)).split('\n')[1])

/** Three masters with a replica each, as redis-cli makes them. */
async function cluster(): Promise<Kind> {
  const nodes: { readonly node: RedisProcess; readonly at: string }[] = []
  for (let n = 0; n < 6; n++) {
    const bus = await freePort()
    const words = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1500', '--cluster-port', String(bus)]
    const node = await startRedis(...words, '--cluster-replica-validity-factor', '0')
    nodes.push({ node, at: `127.0.0.1:${node.port}@${bus}` })
  }
  const words = ['--cluster', 'create', ...nodes.map(({ at }) => at), '--cluster-replicas', '1', '--cluster-yes']
  execFileSync('redis-cli', words, { stdio: 'pipe' })
  const all = nodes.map(({ node }) => node)
  const replicas = async () => {
    const texts = await Promise.all(all.map((node) => node.ask('INFO', 'replication')))
    return texts.filter((text) => text.includes('master_link_status:up')).length
  }
  await expect.poll(replicas, soon).toBe(3)
  let alive = all
  const owner = async (): Promise<RedisProcess | undefined> => {
    const asked = alive[0] as RedisProcess
    const slot = await asked.ask('CLUSTER', 'KEYSLOT', channel)
    const [first] = (await asked.ask('CLUSTER', 'SLOTS')).split(/\n(?=\d+\n\d+\n127)/).flatMap((range) => {
      const [from, to, , port] = range.split('\n')
      return Number(from) <= Number(slot) && Number(slot) <= Number(to) ? [Number(port)] : []
    })
    return all.find(({ port }) => port === first)
  }
  return {
    url: `redis+cluster://${all
      .slice(0, 3)
      .map(({ port }) => `127.0.0.1:${port}`)
      .join(',')}`,
    subscriptions: async () => counted((await owner()) as RedisProcess, 'SHARDNUMSUB'),
    async failOver(meanwhile) {
      const dying = (await owner()) as RedisProcess
      await dying.kill()
      alive = all.filter((node) => node !== dying)
      await meanwhile()
      await expect.poll(async () => (await owner())?.port, soon).not.toBe(dying.port)
    },
  }
}

const heardRings = async ({ said }: Running): Promise<number> => {
  const text = await (await fetch(new URL('/metrics', said.health))).text()
  return Number(/^postern_rings_heard_total (\S+)$/m.exec(text)?.[1])
}

const isReady = async ({ said }: Running): Promise<boolean> =>
  (await (await fetch(said.health)).text()).includes('"redis":"ok"')

test.each([
  ['sentinels', sentinels],
  ['a cluster', cluster],
] as const)(
  '%s: a server dies under clients in IDLE, and nobody misses anything',
  { timeout: 150_000 },
  async (_, kind) => {
    const redis = await kind()
    const dataDir = join(newFolder(), 'data')
    const env = { POSTERN_REDIS_URL: redis.url, POSTERN_ROLES: 'imap' }
    const its = [await running(dataDir, env), await running(dataDir, env)] as const
    for (const it of its) await expect.poll(() => isReady(it), soon).toBe(true)
    const password = its[0].said.firstStart!.password!
    const opened = Array.from({ length: sessionsEach }, () => its.map((it) => client(it, { password }))).flat()
    const readers = await Promise.all(opened)
    for (const each of readers) await each.say('i IDLE', '+ ')
    const writers = await Promise.all(its.map((it) => client(it, { password })))
    await expect.poll(() => redis.subscriptions(), soon).toBe(its.length)

    let count = 0
    const write = async (messages: number): Promise<void> => {
      for (let n = 0; n < messages; n++) await append(writers[n % 2] as Client, `news ${++count}`)
    }
    const allHeard = () => Promise.all(readers.map((each) => each.hears(0, `* ${count} EXISTS`, soon.timeout)))
    await write(4)
    await allHeard()
    await redis.failOver(async () => {
      await write(6)
      await allHeard()
    })
    for (const it of its) await expect.poll(() => isReady(it), soon).toBe(true)
    // By rings again, in both directions, and not only by the turns in which everybody is rung.
    const before = await Promise.all(its.map(heardRings))
    const isRung = async () => {
      await write(2)
      await allHeard()
      const now = await Promise.all(its.map(heardRings))
      return now.every((rings, n) => rings > before[n]!)
    }
    await expect.poll(isRung, soon).toBe(true)
    await expect.poll(() => redis.subscriptions(), soon).toBe(its.length)
    // Who is here is asked for over it, too: as from another machine.
    for (const name of readdirSync(join(dataDir, 'running'))) rmSync(join(dataDir, 'running', name))
    const listed = async () => {
      const { stdout } = await commandLine(['session', 'list', '--json'], {
        env: { POSTERN_DATA_DIR: dataDir, ...env },
      })
      const { data, unanswered } = JSON.parse(stdout)
      return [data.length, unanswered.length]
    }
    await expect.poll(listed, soon).toEqual([readers.length + writers.length, 0])
    expect(await Promise.all(its.map(({ gateway }) => stop(gateway)))).toEqual([0, 0])
  },
)
