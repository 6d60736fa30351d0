/** Processes that share a Redis: who is there, questions and answers, and what a lost Redis costs. */
import { expect, onTestFinished, test } from 'vitest'
import { channels, peerKeys, type RedisServer, redisPeers } from '../src/index.js'
import { member, soon } from './redis-fixtures.js'
import { serverAt, startRedis } from './redis-process.js'

const redis = await startRedis()
const soonMs = { timeoutMs: 10_000 }

async function peer(
  name: string,
  { server = serverAt(redis.port), answers = (q: string): string | undefined => `${name}: ${q}` } = {},
) {
  const { link } = member(server as RedisServer)
  expect(await link.opened(20_000)).toBe(true)
  const errors: unknown[] = []
  const peers = redisPeers({ link, onError: (error) => errors.push(error), beatEveryMs: 100 })
  onTestFinished(() => peers.close())
  peers.join({ id: name, pid: 1, host: 'here' }, answers)
  return { link, peers, errors }
}

const names = async ({ peers }: Awaited<ReturnType<typeof peer>>) => (await peers.list()).map(({ id }) => id)

test('each is listed and asked by the others, in as many words as it takes, at once', async () => {
  const one = await peer('one')
  const two = await peer('two')
  await expect.poll(() => names(one), soon).toEqual(['one', 'two'])
  const questions = Array.from({ length: 20 }, (_, n) => `what is ${n} "\r\n"?`)
  await expect.poll(() => one.peers.ask('two', 'hello', { timeoutMs: 300 }).catch(() => ''), soon).toBe('two: hello')
  expect(await Promise.all(questions.map((each) => one.peers.ask('two', each, soonMs)))).toEqual(
    questions.map((each) => `two: ${each}`),
  )
  expect(await two.peers.ask('one', 'x'.repeat(1_000_000), soonMs)).toHaveLength(1_000_005)
})

test('one that says nothing holds nobody up, and one that is gone is listed no more', async () => {
  const one = await peer('asker')
  await peer('silent', { answers: () => undefined })
  const broken = await peer('broken', {
    answers: () => {
      throw new Error('no')
    },
  })
  await expect(one.peers.ask('silent', 'hello', { timeoutMs: 200 })).rejects.toThrow('no answer within 0.2 s')
  await expect
    .poll(() => one.peers.ask('broken', 'hello', { timeoutMs: 200 }).catch(() => broken.errors.length), soon)
    .toBeGreaterThan(0)
  await expect.poll(() => names(one), soon).toContain('broken')
  await broken.peers.close()
  expect(await names(one)).not.toContain('broken')
  // One that was killed says nothing when it goes.
  await redis.ask('ZADD', peerKeys.all, 0, 'killed')
  await redis.ask('SET', peerKeys.one('killed'), '{"id":"killed","pid":9,"host":"there"}', 'PX', 300)
  expect(await names(one)).toContain('killed')
  await expect.poll(() => names(one), soon).not.toContain('killed')
  expect(await redis.ask('ZRANGE', peerKeys.all, 0, -1)).not.toContain('killed')
})

test('full: who comes is not listed, which is said once, and answers all the same; then it is', async () => {
  const one = await peer('before')
  await expect.poll(() => names(one), soon).toContain('before')
  await redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  await redis.ask('CONFIG', 'SET', 'maxmemory', '1')
  const late = await peer('late')
  await expect.poll(() => one.peers.ask('late', 'hello', { timeoutMs: 300 }).catch(() => ''), soon).toBe('late: hello')
  await expect.poll(() => names(one), soon).toEqual([])
  expect(late.errors.map(String)).toEqual([expect.stringMatching(/Redis refuses the list of processes: .*OOM/)])
  await redis.ask('CONFIG', 'SET', 'maxmemory', '0')
  await expect.poll(() => names(one), soon).toEqual(expect.arrayContaining(['before', 'late']))
})

test('what strangers write there harms nobody', async () => {
  const one = await peer('careful')
  await redis.ask('ZADD', peerKeys.all, 0, 'odd')
  for (const odd of ['no JSON', '{"id":7}', 'null', '[]']) {
    await redis.ask('SET', peerKeys.one('odd'), odd)
    await expect.poll(() => names(one), soon).toEqual(['careful'])
  }
  await redis.ask('DEL', peerKeys.one('odd'))
  for (const odd of ['', 'x', 'x y', ' ']) await redis.ask('PUBLISH', channels.question('careful'), odd)
  expect(await names(one)).toEqual(['careful'])
  expect(one.errors).toEqual([])
})

test('with Redis killed a question fails in its time; when it is back, all are there again', async () => {
  const one = await peer('first')
  const two = await peer('second')
  await expect.poll(() => one.peers.ask('second', 'a', { timeoutMs: 300 }).catch(() => ''), soon).toBe('second: a')
  await redis.kill()
  const beganMs = performance.now()
  await expect(one.peers.ask('second', 'b', { timeoutMs: 500 })).rejects.toThrow()
  expect(performance.now() - beganMs).toBeLessThan(5_000)
  await redis.start()
  await expect.poll(() => one.link.isUp && two.link.isUp, soon).toBe(true)
  await expect.poll(() => one.peers.ask('second', 'c', { timeoutMs: 500 }).catch(() => ''), soon).toBe('second: c')
  await expect.poll(() => names(one).catch(() => []), soon).toEqual(['first', 'second'])
})
