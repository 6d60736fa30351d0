/**
 * Whether a Redis does all that the doorbell and the counters need: it's reached, takes a value, runs a script, and lets this
 * user publish and subscribe. For the doctor; nothing is left behind.
 */
import { randomUUID } from 'node:crypto'
import { checkNames } from './keys.js'
import { RedisLink } from './redis-link.js'
import { removeOwn } from './redis-scripts.js'
import { type RedisServer, showRedisServer } from './redis-server.js'

export interface RedisCheck {
  /** Without its secrets. */
  readonly server: string
  /** Undefined where all is well. */
  readonly trouble: string | undefined
  /** For the steps behind the connection. */
  readonly tookMs: number
}

const valueLifeMs = 10_000

export async function checkRedis(server: RedisServer, { timeoutMs }: { timeoutMs: number }): Promise<RedisCheck> {
  const link = new RedisLink({ server, onState: () => undefined })
  const done = (trouble: string | undefined, beganMs = performance.now()): RedisCheck => {
    return { server: showRedisServer(server), trouble, tookMs: performance.now() - beganMs }
  }
  try {
    if (!(await link.opened(timeoutMs))) return done(link.reason)
    const beganMs = performance.now()
    await useAll(link)
    return done(undefined, beganMs)
  } catch (error) {
    return done(error instanceof Error ? error.message : String(error))
  } finally {
    link.close()
  }
}

async function useAll({ clients }: RedisLink): Promise<void> {
  const value = randomUUID()
  await clients.commands.set(checkNames.key, value, 'PX', valueLifeMs)
  await removeOwn.run(clients.commands, checkNames.key, [value])
  await clients.subscribe([checkNames.channel])
  await clients.publish(checkNames.channel, value)
}
