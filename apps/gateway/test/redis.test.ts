// Gateways on one data folder that hear of each other over Redis: what one does, clients of the other are told at once, and
// neither needs Redis to live.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { commandLine } from './command-line.js'
import { newFolder, run, stop } from './gateway-process.js'
import { freePort, type RedisProcess, startRedis } from './redis-process.js'
import { append, client, message, type Running, running } from './sharing-gateways.js'
import { selfSigned } from './tls-server.js'

/** Two on one folder. */
async function pair({ port }: RedisProcess, more: Record<string, string> = {}) {
  const dataDir = join(newFolder(), 'data')
  const env = { ...more, POSTERN_REDIS_URL: `redis://127.0.0.1:${port}` }
  const one = await running(dataDir, env)
  const two = await running(dataDir, env)
  return { dataDir, one, two, password: one.said.firstStart!.password! }
}

const metric = async ({ said }: Running, name: string): Promise<number> => {
  const text = await (await fetch(new URL('/metrics', said.health))).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}

const ready = async ({ said }: Running): Promise<unknown> => (await fetch(said.health)).json()

test('what one process does is told in IDLE of the other, within 100 ms, for one command of Redis a message', async () => {
  const redis = await startRedis()
  const { one, two, password } = await pair(redis)
  const writer = await client(one, { password })
  const reader = await client(two, { password })
  await reader.say('i IDLE', '+ ')
  await expect.poll(() => redis.ask('PUBSUB', 'NUMSUB', 'postern:ring:mailbox:1')).toMatch(/1$/)

  const count = 40
  const times: number[] = []
  await redis.ask('CONFIG', 'RESETSTAT')
  for (let n = 1; n <= count; n++) {
    const from = reader.at()
    const source = message(`news ${n}`)
    await writer.say(`a APPEND INBOX {${source.length}}`, '+ ')
    const beganMs = performance.now()
    const answered = writer.say(source, 'a OK')
    await reader.hears(from, `* ${n} EXISTS`)
    times.push(performance.now() - beganMs)
    await answered
  }
  times.sort((a, b) => a - b)
  const p99 = times[Math.ceil(count * 0.99) - 1]!
  const p50 = times[Math.ceil(count * 0.5) - 1]!
  console.info(`APPEND's last byte to EXISTS in the other process: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`)
  expect(p50).toBeLessThan(100)

  const stats = await redis.ask('INFO', 'commandstats')
  const calls = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].filter(
    ([, name]) => !/^(?:ping|info|config|client|command|auth|select)/.test(name!),
  )
  const sum = calls.reduce((total, [, , each]) => total + Number(each), 0)
  expect(sum / count, calls.map(([line]) => line).join(' ')).toBeLessThanOrEqual(3)

  const from = reader.at()
  await writer.say('f STORE 1 +FLAGS (\\Flagged)', 'f OK')
  await reader.hears(from, '\\Flagged')
  await writer.say('d STORE 2 +FLAGS (\\Deleted)', 'd OK')
  await writer.say('e EXPUNGE', 'e OK')
  await reader.hears(from, '* 2 EXPUNGE')
  expect(await metric(two, 'postern_rings_heard_total')).toBeGreaterThan(0)
  expect(await metric(one, 'postern_rings_published_total')).toBeGreaterThan(0)
  expect(await metric(one, 'postern_redis_up')).toBe(1)
  expect(await ready(one)).toEqual({ status: 'ready', checks: { store: 'ok', redis: 'ok' } })
  expect([await stop(one.gateway), await stop(two.gateway)]).toEqual([0, 0])
})

test('places for the sessions of an inbox are counted over both, and each counts alone without Redis', async () => {
  const redis = await startRedis()
  const { one, two, password } = await pair(redis, { POSTERN_IMAP_SESSIONS_PER_INBOX_MAX: '1' })
  const here = await client(one, { password })
  await expect(client(two, { password })).rejects.toThrow('[LIMIT] Too many sessions for this inbox')
  await here.say('o LOGOUT', 'o OK')
  await here.closed
  const there = await vi.waitFor(() => client(two, { password }), { timeout: 20_000 })
  await redis.kill()
  await client(one, { password })
  await expect(client(one, { password })).rejects.toThrow('[LIMIT]')
  await there.say('n NOOP', 'n OK')
  expect([await stop(one.gateway), await stop(two.gateway)]).toEqual([0, 0])
})

test('without Redis it starts, says so, lets people in and tells them of news; when Redis comes it is whole', async () => {
  const redis = await startRedis()
  await redis.kill()
  const { one, two, password } = await pair(redis)
  expect(one.gateway.stdout()).toContain('Redis can not be reached')
  expect(one.gateway.stdout()).toContain('ECONNREFUSED')
  expect(await ready(one)).toEqual({ status: 'degraded', checks: { store: 'ok', redis: 'failing' } })
  const writer = await client(one, { password })
  const reader = await client(two, { password })
  await reader.say('i IDLE', '+ ')
  const from = reader.at()
  await append(writer, 'without')
  await reader.hears(from, '* 1 EXISTS')
  expect(await metric(one, 'postern_counts_stood_in_total')).toBeGreaterThan(0)

  await redis.start()
  await expect.poll(() => ready(two), { timeout: 20_000 }).toMatchObject({ status: 'ready' })
  await expect.poll(() => ready(one), { timeout: 20_000 }).toMatchObject({ status: 'ready' })
  await append(writer, 'with')
  await reader.hears(from, '* 2 EXISTS')
  expect([await stop(one.gateway), await stop(two.gateway)]).toEqual([0, 0])
})

test('TLS with a CA of the operator, a user and a password; what is secret of it is in no log', async () => {
  const folder = newFolder()
  const { cert, key } = selfSigned(folder, { name: 'localhost', days: 2 })
  const port = String(await freePort())
  const redis = await startRedis(
    ...['--tls-port', port, '--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert],
    ...['--tls-auth-clients', 'no', '--user', 'postern', 'on', '>hunter2-of-redis', 'allkeys', 'allchannels', '+@all'],
  )
  const env = { NODE_EXTRA_CA_CERTS: cert, POSTERN_LOG_LEVEL: 'trace' }
  const at = (password: string) => ({ POSTERN_REDIS_URL: `rediss://postern:${password}@localhost:${port}/0` })
  const it = await running(join(folder, 'data'), { ...env, ...at('hunter2-of-redis') })
  expect(await ready(it)).toMatchObject({ status: 'ready', checks: { redis: 'ok' } })
  const person = await client(it, { password: it.said.firstStart!.password! })
  expect(await redis.ask('KEYS', 'postern:places:*')).toContain('me@example.test')
  await person.say('o LOGOUT', 'o OK')
  expect(await stop(it.gateway)).toBe(0)
  expect(it.gateway.stdout()).toContain(`rediss://localhost:${port}/0`)

  const wrong = await running(join(folder, 'data'), { ...env, ...at('hunter2-that-is-wrong') })
  expect(await ready(wrong)).toMatchObject({ status: 'degraded' })
  expect(wrong.gateway.stdout()).toContain('WRONGPASS')
  expect(await stop(wrong.gateway)).toBe(0)
  for (const { gateway } of [it, wrong]) expect(gateway.stdout() + gateway.stderr()).not.toContain('hunter2')
})

test('a second gateway on the folder is told that it needs Redis to be heard', async () => {
  const dataDir = join(newFolder(), 'data')
  const one = await running(dataDir, {})
  const two = await running(dataDir, {})
  expect(one.gateway.stdout()).not.toContain('POSTERN_REDIS_URL')
  expect(two.gateway.stdout()).toMatch(/other gateways run on this data folder.*POSTERN_REDIS_URL/)
  expect([await stop(one.gateway), await stop(two.gateway)]).toEqual([0, 0])
})

test('the doctor uses Redis as a gateway does, and misses it where several run without', {
  timeout: 90_000,
}, async () => {
  const redis = await startRedis()
  const dataDir = join(newFolder(), 'data')
  const its = [await running(dataDir, {}), await running(dataDir, {})]
  const finding = async (url: string) => {
    const env = { POSTERN_DATA_DIR: dataDir, ...(url === '' ? {} : { POSTERN_REDIS_URL: url }) }
    const { findings } = JSON.parse((await run(['doctor', '--json'], { env })).stdout)
    return findings.find(({ check }: { check: string }) => check === 'Redis')
  }
  expect(await finding('')).toMatchObject({ state: 'warning', says: expect.stringContaining('2 gateways run') })
  const url = `redis://:hunter2@127.0.0.1:${redis.port}`
  await redis.ask('ACL', 'SETUSER', 'default', '>hunter2')
  const ask = (...words: string[]) => redis.ask('-a', 'hunter2', '--no-auth-warning', ...words)
  expect(await finding(url)).toMatchObject({
    state: 'ok',
    says: expect.stringMatching(/^redis:\/\/127\.0\.0\.1:\d+\/0 does /),
  })
  expect(await ask('KEYS', '*')).toBe('')
  await ask('ACL', 'SETUSER', 'default', '-subscribe')
  expect(await finding(url)).toMatchObject({ state: 'broken', says: expect.stringContaining('NOPERM') })
  const wrong = await finding(url.replace('hunter2', 'hunter3'))
  expect(wrong).toMatchObject({ state: 'broken', says: expect.stringContaining('WRONGPASS') })
  await redis.kill()
  expect(await finding(url)).toMatchObject({ state: 'broken', says: expect.stringContaining('ECONNREFUSED') })
  expect(JSON.stringify(wrong)).not.toContain('hunter')
  expect(await Promise.all(its.map(({ gateway }) => stop(gateway)))).toEqual([0, 0])
})

test('what an import brings beside a gateway is told in IDLE at once', async () => {
  const redis = await startRedis()
  const dataDir = join(newFolder(), 'data')
  const env = { POSTERN_REDIS_URL: `redis://127.0.0.1:${redis.port}` }
  const gateway = await running(dataDir, env)
  const reader = await client(gateway, { password: gateway.said.firstStart!.password! })
  await reader.say('i IDLE', '+ ')
  const file = join(newFolder(), 'old.mbox')
  writeFileSync(file, 'From a@b Wed Jan  1 10:00:00 2020\nSubject: old\n\nx\n')
  const from = reader.at()
  const imported = await commandLine(['import', 'me@example.test', 'mbox', file, '--json'], {
    env: { ...env, POSTERN_DATA_DIR: dataDir },
  })
  expect(JSON.parse(imported.stdout)).toMatchObject({ imported: 1 })
  await reader.hears(from, '* 1 EXISTS', 5_000)
})
