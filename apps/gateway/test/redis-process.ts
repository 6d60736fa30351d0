// A redis-server of the test's own (scripts/redis-process.mjs), ended with the tests of the file.

import { afterAll } from 'vitest'

export interface RedisProcess {
  readonly port: number
  start(): Promise<void>
  kill(): Promise<void>
  pause(): void
  resume(): void
  /** What redis-cli prints of the answer. */
  ask(...words: readonly (string | number)[]): Promise<string>
  end(): Promise<void>
}

interface Script {
  startRedis(...words: readonly string[]): Promise<RedisProcess>
  freePort(): Promise<number>
}

const script: Script = await import(new URL('../../../scripts/redis-process.mjs', import.meta.url).href)

export const { freePort } = script

const running: RedisProcess[] = []
afterAll(async () => {
  for (const redis of running.splice(0)) await redis.end()
})

/** Words are redis-server's own. */
export async function startRedis(...words: readonly string[]): Promise<RedisProcess> {
  const redis = await script.startRedis(...words)
  running.push(redis)
  return redis
}
