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
}

const script: Script = await import(new URL('../../../scripts/redis-process.mjs', import.meta.url).href)

const running: RedisProcess[] = []
afterAll(async () => {
  for (const redis of running.splice(0)) await redis.end()
})

export async function startRedis(): Promise<RedisProcess> {
  const redis = await script.startRedis()
  running.push(redis)
  return redis
}
