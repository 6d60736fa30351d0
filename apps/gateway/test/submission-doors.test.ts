// Who comes to the submission doors of a whole gateway, from where, and how often: PROXY headers from a balancer, guesses, crowds, and
// a password that is changed while both work. Contract A6, A8, B4, B5, B10.

import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { Caller } from './caller.js'
import { run as command, stop } from './gateway-process.js'
import { plain, type Running, running } from './mail-gateway.js'
import { SecondHand, wrong } from './second-hand.js'

interface Coming {
  readonly from?: string
  readonly secure: boolean
}

/** As a balancer passes a client on; without `from` one that says nothing of whom it brings. */
async function comes({ said }: Running, { from, secure }: Coming): Promise<Caller> {
  const { port } = (secure ? said.smtp : said.smtpStartTls) as { port: number }
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  const inClear = new Caller(socket)
  if (from !== undefined) inClear.say(`PROXY TCP4 ${from} 198.51.100.1 4711 465\r\n`)
  if (secure) return inClear.startTls()
  inClear.say('EHLO c\r\nSTARTTLS\r\n')
  await inClear.heard('220 2.0.0')
  return inClear.startTls()
}

async function logsIn(here: Caller, { user, secret }: { user: string; secret: string }): Promise<string> {
  here.say('EHLO laptop\r\n')
  await here.heard('250 AUTH PLAIN LOGIN\r\n')
  here.say(`AUTH PLAIN ${plain(user, secret)}\r\n`)
  return here.heard('\r\n')
}

test('behind a balancer the client is who the PROXY header says, on both doors; last used has it', async () => {
  const it = await running({ POSTERN_PROXY_NETWORKS: '127.0.0.0/8' })
  const hand = await SecondHand.on(it.dataDir)
  const someone = await hand.person('someone@example.test', { scopes: ['smtp'], networks: ['192.0.2.0/24'] })
  const who = { user: 'someone@example.test', secret: someone.secret }
  for (const [secure, from] of [
    [true, '192.0.2.7'],
    [false, '192.0.2.8'],
  ] as const) {
    expect(await logsIn(await comes(it, { from, secure }), who)).toContain('235 2.7.0')
    expect(await logsIn(await comes(it, { from: '203.0.113.7', secure }), who)).toContain('535 5.7.8')
    await expect
      .poll(async () => (await hand.directory.getCredential(someone.credential.id)).lastUsed)
      .toMatchObject({ protocol: 'smtp', client: 'laptop', network: expect.stringMatching(/^192\.0\.2\./) })
  }
  expect(await stop(it.gateway)).toBe(0)
})

test('who guesses waits four seconds at most, and others of the inbox do not; who comes too often is told so', async () => {
  const it = await running({ POSTERN_PROXY_NETWORKS: '127.0.0.0/8', POSTERN_CONNECTIONS_PER_ADDRESS_MAX: '12' })
  const waits: number[] = []
  for (let n = 0; n < 8; n++) {
    const here = await comes(it, { from: '203.0.113.7', secure: true })
    const begunMs = performance.now()
    const guess = `${it.secret.slice(0, -4)}${String(1_000 + n)}`
    expect(await logsIn(here, { user: it.user, secret: guess })).toContain('535 5.7.8 Authentication failed\r\n')
    waits.push(performance.now() - begunMs)
    here.say('QUIT\r\n')
    await here.closed
  }
  expect(Math.max(...waits)).toBeGreaterThan(1_000)
  expect(Math.max(...waits)).toBeLessThan(6_000)
  const begunMs = performance.now()
  expect(await logsIn(await comes(it, { from: '192.0.2.9', secure: true }), it)).toContain('235 ')
  expect(performance.now() - begunMs).toBeLessThan(2_000)

  const crowd = await Promise.all(Array.from({ length: 12 }, () => comes(it, { from: '192.0.2.50', secure: true })))
  await Promise.all(crowd.map((each) => each.heard('220 ')))
  const late = await comes(it, { from: '192.0.2.50', secure: true })
  expect(await late.closed).toBe('421 4.7.0 Too many connections from your address\r\n')
  expect(await logsIn(await comes(it, { from: '192.0.2.51', secure: true }), it)).toContain('235 ')
  expect(await stop(it.gateway)).toBe(0)
}, 90_000)

test('a changed password: the old one works until the overlap ends, the new one at once, and no other ends', async () => {
  const it = await running()
  const env = { POSTERN_DATA_DIR: it.dataDir }
  const hand = await SecondHand.on(it.dataDir)
  const options = { scopes: ['smtp'], label: 'printer' } as const
  const printer = await hand.person('printer@example.test', options)
  const answer = async (who: { user: string; secret: string }) => {
    const here = Caller.byTls(it.said.smtp?.port as number)
    return logsIn(here, who)
  }
  const old = { user: 'printer@example.test', secret: printer.secret }
  const { stdout } = await command(['credential', 'rotate', 'printer', '--overlap', '24h', '--json'], { env })
  const young = { ...old, secret: JSON.parse(stdout).secret as string }
  expect(await answer(young)).toContain('235 ')
  expect(await answer(old)).toContain('235 ')
  const again = await command(['credential', 'rotate', 'printer', '--json'], { env })
  const last = { ...old, secret: JSON.parse(again.stdout).secret as string }
  await expect.poll(() => answer(young)).toContain('535 ')
  expect(await answer(last)).toContain('235 ')
  expect(await answer({ ...last, secret: wrong(last.secret) })).toContain('535 ')
  expect(await answer(it)).toContain('235 ')
  expect(await stop(it.gateway)).toBe(0)
})
