// Events and counters as a part: those of this process alone, or, with POSTERN_REDIS_URL, those that it shares with others.
// Redis isn't waited for: a start without it works, says so, and is whole when Redis comes. First to start and last to stop,
// so that the rings of the store's last commits leave.

import type { Config } from '@postern/config'
import {
  type Counters,
  type Doorbell,
  localCounters,
  localDoorbell,
  RedisLink,
  redisCounters,
  redisDoorbell,
} from '@postern/events'
import type { Part, Readiness } from '@postern/service'
import type { Logger, Metrics } from '@postern/telemetry'
import { localCounterLimits, redisOpenMs } from '../limits.js'

export interface EventsPartOptions {
  readonly redis: Config['redisUrl']
  readonly readiness: Readiness
  readonly logger: Logger
  readonly metrics: Metrics
}

export interface EventsPart extends Part {
  readonly doorbell: Doorbell
  readonly counters: Counters
}

export function createEventsPart({ redis, ...tools }: EventsPartOptions): EventsPart {
  return redis === undefined ? localEvents(tools) : redisEvents({ redis, ...tools })
}

function localEvents({ logger }: Pick<EventsPartOptions, 'logger'>): EventsPart {
  const doorbell = localDoorbell({ onError: (err) => logger.error({ err }, 'a listener failed') })
  const counters = localCounters(localCounterLimits)
  return { name: 'events', doorbell, counters, stop: () => closeBoth({ doorbell, counters }) }
}

type RedisEventsOptions = EventsPartOptions & { readonly redis: NonNullable<Config['redisUrl']> }

function redisEvents({ redis, readiness, logger, metrics }: RedisEventsOptions): EventsPart {
  let wasUp = false
  const link = new RedisLink({
    server: redis,
    onState({ isUp, server, reason }) {
      metrics.redisUp.set(isUp ? 1 : 0)
      if (!isUp) metrics.redisLosses.inc()
      if (isUp) logger.info({ server }, wasUp ? 'Redis is back' : 'Redis is there')
      else logger.warn({ server, reason }, 'Redis is away: events come later and limits are milder until it is back')
      wasUp ||= isUp
    },
  })
  const doorbell = redisDoorbell({
    link,
    onError: (err) => logger.error({ err }, 'a listener failed, or Redis refused'),
    onPublished: (rings) => metrics.ringsPublished.inc(rings),
    onHeard: () => metrics.ringsHeard.inc(),
  })
  const counters = redisCounters({
    link,
    standIn: localCounters(localCounterLimits),
    membersMax: localCounterLimits.membersMax,
    onStoodIn: () => metrics.countsStoodIn.inc(),
  })
  return {
    name: 'events',
    doorbell,
    counters,
    async start() {
      metrics.redisUp.set(0)
      const isThere = () => {
        if (!link.isUp) throw new Error(`Redis is away: ${link.reason}`)
      }
      readiness.add('redis', isThere, { optional: true })
      if (await link.opened(redisOpenMs)) return
      const { server, reason } = link
      logger.warn({ server, reason }, 'Redis can not be reached: starting without it, and trying on')
    },
    async stop() {
      await closeBoth({ doorbell, counters })
      link.close()
    },
  }
}

async function closeBoth({ doorbell, counters }: Pick<EventsPart, 'doorbell' | 'counters'>): Promise<void> {
  await doorbell.close()
  await counters.close()
}
