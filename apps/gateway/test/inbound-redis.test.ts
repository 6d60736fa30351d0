// Two gateways that take mail and count what strangers do over one Redis: who is turned away by one is turned away by the other, and who came
// back to the other is known to both. Without Redis each counts alone, and mail goes on. Contract F1, I2.

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Caller } from './caller.js'
import { newFolder, stop } from './gateway-process.js'
import { startRedis } from './redis-process.js'
import { type Running, running } from './sharing-gateways.js'

const limits = { connections: 8, messages: 6, unknown: 4 }
const settings = {
  // So that this machine is a stranger.
  POSTERN_MX_TRUSTED_NETWORKS: '198.51.100.0/24',
  POSTERN_MX_CONNECTIONS_PER_MINUTE: `${limits.connections}`,
  POSTERN_MX_MESSAGES_PER_MINUTE: `${limits.messages}`,
  POSTERN_MX_UNKNOWN_PER_HOUR: `${limits.unknown}`,
  POSTERN_GREYLIST_MS: '2000',
}

const [from, me] = ['MAIL FROM:<carol@example.org>', 'RCPT TO:<me@example.test>']

const comes = ({ said }: Running): Caller => Caller.inClear(said.mx?.port as number)

async function begun(gateway: Running): Promise<Caller> {
  const here = comes(gateway)
  here.say('EHLO mail.example.org\r\n')
  await here.heard('250 LIMITS')
  return here
}

function says(here: Caller, line: string): Promise<string> {
  here.say(`${line}\r\n`)
  return here.heard('\r\n')
}

test('what one counts holds for the other', { timeout: 60_000 }, async () => {
  const redis = await startRedis()
  const env = { ...settings, POSTERN_REDIS_URL: `redis://127.0.0.1:${redis.port}` }
  const dataDir = join(newFolder(), 'data')
  const [one, two] = [await running(dataDir, env), await running(dataDir, env)]
  const [here, there] = [await begun(one), await begun(two)]

  // Greylisting: told to come back by one, known to the other when it has.
  await says(here, from)
  await says(there, from)
  expect(await says(here, me)).toMatch(/^451 4\.7\.1 /)
  expect(await says(there, me)).toMatch(/^451 4\.7\.1 /)
  await expect.poll(() => says(there, me), { timeout: 10_000, interval: 200 }).toMatch(/^250 /)
  expect(await says(here, me)).toMatch(/^250 /)

  const answers: string[] = []
  for (let n = 0; n < limits.messages; n++) {
    const side = n % 2 === 0 ? here : there
    await says(side, 'RSET')
    answers.push((await says(side, from)).slice(0, 9))
  }
  const ok = Array.from({ length: limits.messages - 2 }, () => '250 2.1.0')
  expect(answers, 'two were before').toEqual([...ok, '450 4.7.1', '450 4.7.1'])

  const greetings: string[] = []
  for (let n = 2; n < limits.connections + 2; n++)
    greetings.push((await comes(n % 2 === 0 ? one : two).heard('\r\n')).slice(0, 9))
  const welcome = Array.from({ length: limits.connections - 2 }, () => '220 local')
  expect(greetings, 'two were before').toEqual([...welcome, '421 4.7.0', '421 4.7.0'])

  await redis.ask('FLUSHALL')
  await says(here, from)
  await says(there, from)
  for (let n = 0; n < limits.unknown; n++)
    expect(await says(n % 2 === 0 ? here : there, `RCPT TO:<nobody${n}@example.test>`)).toMatch(/^550 5\.1\.1 /)
  here.say('RCPT TO:<nobody@example.test>\r\n')
  expect(await here.closed).toMatch(/421 4\.7\.0 Too many recipients who are not here/)
  expect(await comes(two).closed).toMatch(/^421 4\.7\.0 Too many recipients who are not here/)

  await redis.kill()
  await expect.poll(async () => (await comes(two).heard('\r\n')).slice(0, 4), { timeout: 20_000 }).toBe('220 ')
  expect([await stop(one.gateway), await stop(two.gateway)]).toEqual([0, 0])
})
