// Events, counters and submissions under way as a part: those of this process alone; those that it shares with its siblings,
// where it's one of several workers; or, with POSTERN_REDIS_URL, those that it shares with whoever else is at that Redis. Redis isn't waited for: a start without it works, says so, and is whole when Redis comes. First to start
// and last to stop, so that the rings of the store's last commits leave.

import type { Config } from '@postern/config'
import {
  type Counters,
  type Doorbell,
  type IpcLink,
  ipcCounters,
  ipcDoorbell,
  ipcSending,
  localCounters,
  localDoorbell,
  localSending,
  RedisLink,
  type RedisPeers,
  redisCounters,
  redisDoorbell,
  redisPeers,
  redisSending,
  type Sending,
} from '@postern/events'
import type { Part, Readiness } from '@postern/service'
import type { Logger, Metrics } from '@postern/telemetry'
import { localCounterLimits, localSendingLimits, redisOpenMs } from '../limits.js'

export interface EventsPartOptions {
  readonly redis: Config['redisUrl']
  /** The way to the parent of workers on the same ports. */
  readonly parent?: IpcLink | undefined
  readonly readiness: Readiness
  readonly logger: Logger
  readonly metrics: Metrics
}

export interface EventsPart extends Part {
  readonly doorbell: Doorbell
  readonly counters: Counters
  readonly sending: Sending
  /** Other processes, where Redis is set. */
  readonly peers?: RedisPeers
}

export function createEventsPart({ redis, parent, ...tools }: EventsPartOptions): EventsPart {
  if (redis !== undefined) return redisEvents({ redis, ...tools })
  return parent === undefined ? localEvents(tools) : workerEvents(parent, tools)
}

function localEvents({ logger }: Pick<EventsPartOptions, 'logger'>): EventsPart {
  const doorbell = localDoorbell({ onError: (err) => logger.error({ err }, 'a listener failed') })
  const counters = localCounters(localCounterLimits)
  const events = { doorbell, counters, sending: localSending(localSendingLimits) }
  return { name: 'events', ...events, stop: () => closeAll(events) }
}

function workerEvents(link: IpcLink, { logger, metrics }: Pick<EventsPartOptions, 'logger' | 'metrics'>): EventsPart {
  const doorbell = ipcDoorbell({
    link,
    onError: (err) => logger.error({ err }, 'a listener failed'),
    onPublished: (rings) => metrics.ringsPublished.inc(rings),
    onHeard: () => metrics.ringsHeard.inc(),
  })
  const counters = ipcCounters({
    link,
    standIn: localCounters(localCounterLimits),
    onStoodIn: () => metrics.countsStoodIn.inc(),
  })
  const events = { doorbell, counters, sending: ipcSending({ link, ...localSendingLimits }) }
  return { name: 'events', ...events, stop: () => closeAll(events) }
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
  const onError = (err: unknown) => logger.error({ err }, 'a listener failed, or Redis refused')
  const doorbell = redisDoorbell({
    link,
    onError,
    onPublished: (rings) => metrics.ringsPublished.inc(rings),
    onHeard: () => metrics.ringsHeard.inc(),
  })
  const counters = redisCounters({
    link,
    standIn: localCounters(localCounterLimits),
    membersMax: localCounterLimits.membersMax,
    onError,
    onStoodIn: () => metrics.countsStoodIn.inc(),
  })
  const peers = redisPeers({ link, onError })
  const events = { doorbell, counters, sending: redisSending({ link, ...localSendingLimits }), peers }
  return {
    name: 'events',
    ...events,
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
      await closeAll(events)
      link.close()
    },
  }
}

async function closeAll({ doorbell, counters, sending, peers }: Omit<EventsPart, keyof Part>): Promise<void> {
  await peers?.close()
  await sending.close()
  await doorbell.close()
  await counters.close()
}
