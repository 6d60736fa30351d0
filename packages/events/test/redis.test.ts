/** The engines over Redis: the contract on one server, and what is said between two processes. */
import { afterAll, expect } from 'vitest'
import { localCounters, RedisLink, redisCounters, redisDoorbell, redisSending } from '../src/index.js'
import { countersContract, doorbellContract, sendingContract } from './contract.js'
import { serverAt, startRedis } from './redis-process.js'

const redis = await startRedis()
const links: RedisLink[] = []
afterAll(() => {
  for (const link of links) link.close()
})

async function opened(): Promise<RedisLink> {
  const link = new RedisLink({ server: serverAt(redis.port), onState: () => undefined })
  links.push(link)
  expect(await link.opened(10_000)).toBe(true)
  return link
}

const onError = (error: unknown): never => {
  throw error
}

doorbellContract(async ({ onError }) => redisDoorbell({ link: await opened(), onError }))
countersContract(async ({ keysMax, membersMax }) => {
  await redis.ask('FLUSHALL')
  return redisCounters({ link: await opened(), standIn: localCounters({ keysMax, membersMax }), membersMax, onError })
})
sendingContract(async ({ messagesMax }) => redisSending({ link: await opened(), messagesMax }))
