// A check of the Redis that several processes share: it's used as a gateway would use it. Several gateways without one are a
// warning: a client of one hears late of what came through another.

import type { Config } from '@postern/config'
import { checkRedis as tryRedis } from '@postern/events'
import { doctor as limits } from '../limits.js'
import { apart, type RunningGateway } from '../running.js'
import { broken, type Finding, ok, skipped, warning } from './finding.js'

const check = 'Redis'

export async function checkRedis(
  { redisUrl }: Pick<Config, 'redisUrl'>,
  gateways: readonly RunningGateway[],
): Promise<Finding> {
  if (redisUrl === undefined) {
    const count = apart(gateways)
    if (count < 2) return skipped(check, 'POSTERN_REDIS_URL is not set; one process, or the workers of one, need none.')
    const says = `${count} gateways run on this folder without one: clients of one hear late of what came through another.`
    return warning(check, says, 'Set POSTERN_REDIS_URL for all of them.')
  }
  const { server, trouble, tookMs } = await tryRedis(redisUrl, { timeoutMs: limits.reachTimeoutMs })
  if (trouble === undefined) return ok(check, `${server} does what is asked of it, in ${Math.round(tookMs)} ms.`)
  const says = `${server} can't be used: ${trouble.replace(/\.$/, '')}.`
  return broken(
    check,
    says,
    'Mail goes on without it, and news comes late. See docs/operations.md for POSTERN_REDIS_URL.',
  )
}
