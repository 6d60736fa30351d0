/** Submissions that other processes have under way, as long as these live. */
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { RedisLink, redisSending } from '../src/index.js'
import { soon } from './redis-fixtures.js'
import { type RedisProcess, serverAt, startRedis } from './redis-process.js'

let redis: RedisProcess
beforeEach(async () => {
  redis = await startRedis()
  return () => redis.end()
})

async function process() {
  const link = new RedisLink({ server: serverAt(redis.port), onState: () => undefined })
  expect(await link.opened(20_000)).toBe(true)
  const sending = redisSending({ link, messagesMax: 100 })
  onTestFinished(async () => {
    await sending.close()
    link.close()
  })
  return { link, sending }
}

const keys = () => redis.ask('KEYS', '*')
const long = { timeoutMs: 60_000 }

test('who waits in one process goes on when the submission ends in the other, and not before', async () => {
  const [one, two] = [await process(), await process()]
  const end = one.sending.begin(1, 7)
  await expect.poll(keys, soon).toBe('postern:sending:1:7')
  await one.sending.settled(1, 8, long)
  let isOver = false
  const waiting = two.sending.settled(1, 7, long).then(() => {
    isOver = true
  })
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(isOver).toBe(false)
  end()
  await waiting
  await expect.poll(keys, soon).toBe('')
})

test('a submission that is over in a moment costs Redis nothing', async () => {
  const { sending } = await process()
  await redis.ask('CONFIG', 'RESETSTAT')
  for (let n = 0; n < 100; n++) sending.begin(1, n)()
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(await redis.ask('INFO', 'commandstats')).not.toMatch(/cmdstat_(?:set|eval|evalsha|del)/)
})

test('the wait ends by its own time, and with the process that had it open, and where Redis is away', async () => {
  const [one, two] = [await process(), await process()]
  one.sending.begin(1, 7)
  await expect.poll(keys, soon).toBe('postern:sending:1:7')
  await two.sending.settled(1, 7, { timeoutMs: 50 })
  const leftMs = Number(await redis.ask('PTTL', 'postern:sending:1:7'))
  expect(leftMs).toBeGreaterThan(0)
  expect(leftMs).toBeLessThanOrEqual(15_000)
  const waiting = two.sending.settled(1, 7, long)
  await redis.ask('PEXPIRE', 'postern:sending:1:7', '1')
  await waiting
  const other = two.sending.settled(1, 7, long)
  redis.pause()
  await other
  redis.resume()
})

test('of a message that two processes send, what one ends stays with the other', async () => {
  const [one, two, three] = [await process(), await process(), await process()]
  const first = one.sending.begin(1, 7)
  await expect.poll(keys, soon).toBe('postern:sending:1:7')
  const owner = await redis.ask('GET', 'postern:sending:1:7')
  const second = two.sending.begin(1, 7)
  await expect.poll(() => redis.ask('GET', 'postern:sending:1:7'), soon).not.toBe(owner)
  first()
  const waiting = three.sending.settled(1, 7, long)
  expect(await keys()).toBe('postern:sending:1:7')
  second()
  await waiting
})
