/** A cluster: the contract on it, channels that are sharded among its nodes, and a node that goes and comes back. */
import { expect, test, vi } from 'vitest'
import { localCounters, type RedisServer, redisCounters, redisDoorbell, redisSending } from '../src/index.js'
import { countersContract, doorbellContract, sendingContract } from './contract.js'
import { hearing, member, members, soon } from './redis-fixtures.js'
import { freePort, type RedisProcess, startRedis } from './redis-process.js'

const window = () => ({ windowMs: 60_000, nowMs: Date.now() })

const nodes = await startCluster()
const server: RedisServer = {
  kind: 'cluster',
  nodes: nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
  ...{ tls: false, username: undefined, password: undefined },
}
const opened = async () => {
  const { link } = member(server)
  expect(await link.opened(30_000)).toBe(true)
  return link
}
const onError = (error: unknown): never => {
  throw error
}

doorbellContract(async ({ onError }) => redisDoorbell({ link: await opened(), onError }))
countersContract(async ({ keysMax, membersMax }) => {
  for (const node of nodes) await node.ask('FLUSHALL')
  return redisCounters({ link: await opened(), standIn: localCounters({ keysMax, membersMax }), membersMax, onError })
})
sendingContract(async ({ messagesMax }) => redisSending({ link: await opened(), messagesMax }))

test('rings go by sharded channels, each to the node that has it', async () => {
  const [one, two] = await members(server)
  const mailboxes = Array.from({ length: 30 }, (_, n) => n + 1)
  const there = mailboxes.map((mailbox) => hearing(two, mailbox))
  await expect.poll(() => there.every(({ all }) => all.includes(0)), soon).toBe(true)
  for (const mailbox of mailboxes) one.doorbell.ring({ mailbox, modSeq: mailbox })
  await expect.poll(() => there.flatMap(({ modSeqs }) => modSeqs()), soon).toEqual(mailboxes)
  for (const node of nodes) {
    expect(await node.ask('PUBSUB', 'CHANNELS')).toBe('')
    expect((await node.ask('PUBSUB', 'SHARDCHANNELS')).split('\n').length).toBeGreaterThan(3)
  }
  for (let n = 0; n < 10; n++) expect(await two.counters.add(`key ${n}`, window())).toBe(1)
  expect(two.stoodIn()).toBe(0)
})

test('a node that is paused, and one that is killed and started again: everyone is rung, then heard', async () => {
  const [one, two] = await members(server)
  const there = Array.from({ length: 12 }, (_, n) => hearing(two, n + 1))
  await expect.poll(() => there.every(({ all }) => all.includes(0)), soon).toBe(true)
  const node = nodes[1]!
  const rung = (modSeq: number) => () => {
    for (let mailbox = 1; mailbox <= 12; mailbox++) one.doorbell.ring({ mailbox, modSeq })
    return there.every(({ all }) => all.includes(modSeq))
  }
  node.pause()
  await expect.poll(() => two.link.isUp, soon).toBe(false)
  const looks = there.map(({ all }) => all.length)
  await expect.poll(() => there.every(({ all }, n) => all.length > looks[n]! + 2), soon).toBe(true)
  node.resume()
  await expect.poll(rung(1), { ...soon, interval: 100 }).toBe(true)
  await node.kill()
  await expect.poll(() => two.link.isUp, soon).toBe(false)
  await node.start()
  await expect.poll(rung(2), { timeout: 40_000, interval: 100 }).toBe(true)
  expect(one.errors).toEqual([])
}, 90_000)

/** Two nodes that share the slots; the file's end ends them. */
async function startCluster(): Promise<readonly RedisProcess[]> {
  const words = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-require-full-coverage', 'no']
  // Without one of its own the bus takes a port that's higher by 10,000, which there may not be.
  const buses = [await freePort(), await freePort()] as const
  const started = (bus: number) => startRedis(...words, '--cluster-port', String(bus))
  const nodes = [await started(buses[0]), await started(buses[1])] as const
  await nodes[0].ask('CLUSTER', 'ADDSLOTSRANGE', 0, 8_000)
  await nodes[1].ask('CLUSTER', 'ADDSLOTSRANGE', 8_001, 16_383)
  await nodes[0].ask('CLUSTER', 'MEET', '127.0.0.1', nodes[1].port, buses[1])
  for (const node of nodes) {
    const known = /cluster_state:ok[\s\S]*cluster_slots_ok:16384/
    await vi.waitFor(async () => expect(await node.ask('CLUSTER', 'INFO')).toMatch(known), soon)
  }
  return nodes
}
