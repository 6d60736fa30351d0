// Who is connected, as `postern session` tells it of every process, and ends it: by the control socket of each, or over Redis. And
// what let somebody in, taken back: his sessions end in every process within two seconds, whatever Redis does.

import { readdirSync, rmSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Caller } from './caller.js'
import { commandLine } from './command-line.js'
import { newFolder, run, stop } from './gateway-process.js'
import { type RedisProcess, startRedis } from './redis-process.js'
import { client, type Running, running } from './sharing-gateways.js'

async function pair(dataDir: string, env: Record<string, string> = {}) {
  const its = [await running(dataDir, env), await running(dataDir, env)] as const
  const ask = async (...words: string[]) => {
    const beganMs = performance.now()
    const { code, stdout, stderr } = await commandLine([...words, '--json'], {
      env: { POSTERN_DATA_DIR: dataDir, ...env },
    })
    const said = JSON.parse(stdout || stderr)
    return { code, said, rows: said.data as Record<string, unknown>[], tookMs: performance.now() - beganMs }
  }
  return { its, ask, dataDir, password: its[0].said.firstStart!.password!, pids: its.map(pidOf) }
}

const pidOf = ({ gateway }: Running): number => gateway.child.pid!
const redisAt = ({ port }: RedisProcess) => ({ POSTERN_REDIS_URL: `redis://127.0.0.1:${port}` })

/** A client that has logged in to submit, and says nothing more. */
async function sender({ said }: Running, password: string): Promise<Caller> {
  const caller = Caller.byTls(said.smtp!.port)
  await caller.heard('220 ')
  caller.say('EHLO printer.example.test\r\n')
  await caller.heard('250 ')
  caller.say(`AUTH PLAIN ${btoa(`\0me@example.test\0${password}`)}\r\n`)
  await caller.heard('235 ')
  return caller
}

/** Another credential for the inbox, in use for reading and sending in both processes, is revoked. */
async function takenBackInTime({ its, ask }: Awaited<ReturnType<typeof pair>>, before = async () => {}): Promise<void> {
  const words = ['--label', 'borrowed', '--inbox', 'me@example.test', '--scopes', 'imap,smtp']
  const { secret, id } = (await ask('credential', 'create', ...words)).said
  const readers = await Promise.all(its.map((it) => client(it, { password: secret })))
  for (const each of readers) await each.say('i IDLE', '+ ')
  const senders = await Promise.all(its.map((it) => sender(it, secret)))
  await before()
  expect(await ask('credential', 'revoke', id)).toMatchObject({ code: 0 })
  const beganMs = performance.now()
  await Promise.all([...readers, ...senders].map(({ closed }) => closed))
  expect(performance.now() - beganMs).toBeLessThan(2_000)
  for (const each of readers) expect(each.text()).toContain('* BYE')
  for (const each of senders) expect(await each.closed).toContain('421 4.7.0')
  for (const { gateway } of its) expect(gateway.stdout()).toContain('login is taken back')
}

const columns = (row: Record<string, unknown>) => [
  row.protocol,
  row.door,
  row.address,
  row.doing,
  row.mailbox,
  row.client,
]

test('without Redis the clients of every process are listed and ended, deep in the tree too; one that hangs holds up nobody', {
  timeout: 90_000,
}, async () => {
  const dataDir = join(newFolder(), 'deep-in-the-tree-'.repeat(8), 'data')
  const both = await pair(dataDir)
  const { its, ask, password, pids } = both
  const [one, two] = its
  await takenBackInTime(both)
  const reader = await client(one, { password })
  await reader.say('d ID ("name" "Reader" "version" "7")', 'd OK')
  await reader.say('i IDLE', '+ ')
  const other = await client(two, { password, mailbox: 'Sent' })
  const printer = await sender(two, password)
  const server = Caller.inClear(two.said.mx!.port)
  await server.heard('220 ')
  server.say('EHLO mx.example.net\r\n')
  await server.heard('250 ')

  const { said, rows } = await ask('session', 'list')
  expect(said).toMatchObject({ unanswered: [], redis_trouble: null })
  expect(rows.map(columns)).toEqual(
    expect.arrayContaining([
      ['imap', 'imaps', 'me@example.test', 'IDLE', 'INBOX', 'Reader 7'],
      ['imap', 'imaps', 'me@example.test', null, 'Sent', null],
      ['smtp', 'submissions', 'me@example.test', null, null, 'printer.example.test'],
      ['smtp', 'mx', null, null, null, 'mx.example.net'],
    ]),
  )
  expect(rows).toHaveLength(4)
  const label = 'First app password'
  const found = rows.find(({ door }) => door === 'submissions')!
  expect(found).toMatchObject({ credential: { label }, client_address: '127.0.0.1' })
  expect(found.process).toEqual({ pid: pids[1], host: hostname() })
  expect(Math.abs(Date.parse(found.since as string) - Date.now())).toBeLessThan(60_000)
  const listed = async (...words: string[]) => (await ask('session', 'list', ...words)).rows.length
  expect(await listed('--inbox', 'ME@example.test', '--protocol', 'imap')).toBe(2)
  expect(await listed('--credential', label)).toBe(3)
  expect(await listed('--inbox', '*@example.test')).toBe(0)
  expect(await ask('session', 'list', '--inbox', 'nobody@example.test')).toMatchObject({ code: 1 })
  const { stdout } = await run(['session', 'list'], { env: { POSTERN_DATA_DIR: dataDir } })
  expect(stdout).toMatch(/^ID +WHO +CREDENTIAL +DOOR +FROM +CLIENT +SINCE +DOES +PROCESS\n/)
  expect(stdout).toMatch(
    /me@example\.test +First app password \(cred_\w+\) +imaps +127\.0\.0\.1 +Reader 7 +\S+ +IDLE INBOX +\d+ on/,
  )

  // Nobody else may ask.
  const folder = join(dataDir, 'running')
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  const sockets = readdirSync(folder).filter((name) => name.endsWith('.sock'))
  expect(sockets.map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600, 0o600])

  const ended = await ask('session', 'end', found.id as string)
  expect(ended).toMatchObject({ code: 0, rows: [{ id: found.id, door: 'submissions' }] })
  expect(await printer.closed).toMatch(/\r\n421 4\.7\.0 The session has ended\r\n$/)
  expect(await ask('session', 'end', found.id as string)).toMatchObject({
    code: 1,
    said: { error: { name: 'not_found' } },
  })
  expect(await ask('session', 'end')).toMatchObject({ code: 2, said: { error: { name: 'usage' } } })
  expect((await ask('session', 'end', '--inbox', 'me@example.test')).rows).toHaveLength(2)
  await Promise.all([reader.closed, other.closed])
  expect(reader.text()).toContain('* BYE The session has ended')
  expect(await listed()).toBe(1)
  const audit = (await ask('audit', 'list')).rows.filter(({ action }) => action === 'session.end')
  expect(audit).toHaveLength(2)
  expect(JSON.stringify(audit)).toContain(found.id)
  expect(audit.map((row) => (row.detail as Record<string, unknown>).count).sort()).toEqual([1, 2])

  two.gateway.child.kill('SIGSTOP')
  onTestFinished(() => void two.gateway.child.kill('SIGCONT'))
  const again = await client(one, { password })
  const partly = await ask('session', 'list')
  expect(partly.said.unanswered).toEqual([{ pid: pids[1], host: hostname(), why: 'no answer within 2 s' }])
  expect(partly.rows.map(columns)).toEqual([['imap', 'imaps', 'me@example.test', null, 'INBOX', null]])
  expect(partly.tookMs).toBeLessThan(15_000)
  expect(await ask('session', 'end', '--credential', label)).toMatchObject({ code: 1, rows: [{ protocol: 'imap' }] })
  await again.closed
  two.gateway.child.kill('SIGKILL')
  await two.gateway.ended
  expect((await ask('session', 'list')).said).toEqual({ data: [], unanswered: [], redis_trouble: null })
  expect(await stop(one.gateway)).toBe(0)
  expect(readdirSync(folder).some((name) => name.startsWith(`${pids[0]}.`))).toBe(false)
})

test('over Redis processes are asked that have no file here; without it those of this machine are, and that is said', {
  timeout: 90_000,
}, async () => {
  const redis = await startRedis()
  const both = await pair(join(newFolder(), 'data'), redisAt(redis))
  const { its, ask, dataDir, password, pids } = both
  await takenBackInTime(both)
  const clients = await Promise.all(its.map((it) => client(it, { password })))
  await expect.poll(() => redis.ask('ZCARD', 'postern:processes')).toBe('2')
  const hosts = async () => {
    const { said, rows } = await ask('session', 'list')
    return { pids: rows.map(({ process }) => (process as { pid: number }).pid).sort(), ...said, data: undefined }
  }
  const whole = { pids: [...pids].sort(), unanswered: [], redis_trouble: null }
  expect(await hosts()).toEqual(whole)
  // As from another machine.
  for (const name of readdirSync(join(dataDir, 'running'))) rmSync(join(dataDir, 'running', name))
  expect(await hosts()).toEqual(whole)
  its[1].gateway.child.kill('SIGSTOP')
  onTestFinished(() => void its[1].gateway.child.kill('SIGCONT'))
  expect((await hosts()).unanswered).toEqual([{ pid: pids[1], host: hostname(), why: 'no answer within 2 s' }])
  its[1].gateway.child.kill('SIGCONT')
  // Who has a part in the Redis, and not the server's key, is told nothing and ends nobody.
  const [id] = (await redis.ask('ZRANGE', 'postern:processes', 0, 0)).split('\n')
  await redis.ask('PUBLISH', `postern:ask:${id}`, 'me 1 {"kind":"end","filter":{"protocol":"imap"}}')
  await redis.ask('PUBLISH', `postern:ask:${id}`, 'me 1 sealed1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')
  expect(await hosts()).toEqual(whole)
  const ended = await ask('session', 'end', '--inbox', 'me@example.test')
  expect([ended.code, ended.rows.length]).toEqual([0, 2])
  await Promise.all(clients.map(({ closed }) => closed))

  // A login costs Redis no more than its place: the list none at all.
  await redis.ask('CONFIG', 'RESETSTAT')
  for (let n = 0; n < 20; n++) await (await client(its[0], { password })).say('o LOGOUT', 'o OK')
  const stats = await redis.ask('INFO', 'commandstats')
  expect(Number(/cmdstat_publish:calls=(\d+)/.exec(stats)?.[1] ?? 0)).toBe(0)
  expect(Number(/cmdstat_set:calls=(\d+)/.exec(stats)?.[1] ?? 0)).toBeLessThan(20)

  await takenBackInTime(both, () => redis.kill())
  const alone = await ask('session', 'list')
  expect(alone.said.redis_trouble).toMatch(/ECONNREFUSED/)
  await stop(its[0].gateway)
  await stop(its[1].gateway)
})
