/**
 * What Redis does in one step each, in its own Lua: one key a script, so that a cluster can take it, and a time to live for the
 * counters that outlasts their window, so that nothing is left behind. Times are the caller's, as text: Lua would round them.
 */
import { createHash } from 'node:crypto'
import type { RedisCommands } from './redis-clients.js'

class RedisScript {
  readonly #lua: string
  readonly #sha: string

  constructor(lua: string) {
    this.#lua = lua
    this.#sha = createHash('sha1').update(lua).digest('hex')
  }

  /** By its hash; a Redis that doesn't know it yet is sent the whole. */
  async run(commands: RedisCommands, key: string, words: readonly (string | number)[]): Promise<unknown> {
    try {
      return await commands.evalsha(this.#sha, 1, key, ...words)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return commands.eval(this.#lua, 1, key, ...words)
    }
  }
}

/** A hash of buckets: start → sum. ARGV: now, window, length of a bucket, start of this one, what is added. */
const add = `
local now, window, length = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local buckets, total = redis.call('HGETALL', KEYS[1]), tonumber(ARGV[5])
for i = 1, #buckets, 2 do
  if tonumber(buckets[i]) + length > now - window then total = total + tonumber(buckets[i + 1])
  elseif ARGV[5] ~= '0' then redis.call('HDEL', KEYS[1], buckets[i]) end
end
if ARGV[5] ~= '0' then
  redis.call('HINCRBY', KEYS[1], ARGV[4], ARGV[5])
  redis.call('PEXPIRE', KEYS[1], window + length)
end
return total`

/**
 * A sorted set of members by when they were last seen. ARGV: now, the time before which all is forgotten, window, member, most.
 * It adds before it forgets: a Redis that is full refuses a script at its first write, or not at all.
 */
const addDistinct = `
local seen = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[4]) or '-inf')
redis.call('ZADD', KEYS[1], 'GT', ARGV[1], ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
local count = redis.call('ZCARD', KEYS[1])
if count > tonumber(ARGV[5]) then
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, count - ARGV[5] - 1)
  count = tonumber(ARGV[5])
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {count, seen > tonumber(ARGV[2]) and 0 or 1}`

/** The same set, of those who hold a place. ARGV: now, the time before which places are lost, window, member, places. */
const hold = `
local held = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[4]) or '-inf') > tonumber(ARGV[2])
if not held and redis.call('ZCOUNT', KEYS[1], '(' .. ARGV[2], '+inf') >= tonumber(ARGV[5]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`

export const counterScripts = {
  add: new RedisScript(add),
  addDistinct: new RedisScript(addDistinct),
  hold: new RedisScript(hold),
} as const

/** Takes away what nobody else has put in its place meanwhile. ARGV: what it was. */
export const removeOwn = new RedisScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`)
