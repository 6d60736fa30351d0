// A worker's end of the pipe to its parent, which it asks for its welcome before it starts. When the parent is gone, the worker
// drains and exits as after a signal: nobody would start it again, or stop it.

import cluster from 'node:cluster'
import { IpcLink } from '@postern/events'
import { Failure, type Part, type PlacesFor } from '@postern/service'
import { type Logger, type Metrics, type MetricsSnapshot, snapshotOf, textOfMany } from '@postern/telemetry'
import { farewellMs, metricsTimeoutMs, welcomeTimeoutMs } from '../limits.js'
import type { Ports } from '../running.js'
import { channelTo, type IpcPeer } from './channel.js'
import { kinds, type Ready, type Welcome } from './kinds.js'
import { sharedPlaces } from './shared-places.js'

export interface WorkerOfMany {
  readonly link: IpcLink
  readonly announces: boolean
  /** For the certificates: keys of now, and those that come. */
  readonly ticketKeys: Buffer
  onTicketKeys(listener: (keys: Buffer) => void): void
  /** Whether this one does what only one shall do. */
  isKeeper(): boolean
  readonly placesFor: PlacesFor
  allMetrics(): Promise<string>
  /** First to start and last to stop: its metrics are told, and what the last commits rang has left. */
  part(tools: { readonly metrics: Metrics; readonly logger: Logger }): Part
  ready(ports: Ports): void
}

export async function joinParent(): Promise<WorkerOfMany> {
  const link = new IpcLink(channelTo(process as IpcPeer))
  // Else Node would end the process at once when the parent is gone, with everybody in it.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true
  // A terminal that closes says it to all; the parent knows what it means.
  process.on('SIGHUP', () => undefined)
  const asked = link.ask<Welcome>(kinds.welcome, null, { timeoutMs: welcomeTimeoutMs })
  const { announces, isKeeper, ticketKeys } = await asked.catch((cause: unknown) => {
    throw new Failure('worker_alone', 'This worker has no supervisor.', {
      fix: 'Start the gateway with `postern start --workers N`, and leave the workers to it.',
      cause,
    })
  })
  let keeps = isKeeper
  link.hear(kinds.keeper, () => {
    keeps = true
  })
  return {
    link,
    announces,
    ticketKeys: Buffer.from(ticketKeys, 'base64'),
    onTicketKeys: (listener) => link.hear<string>(kinds.ticketKeys, (keys) => listener(Buffer.from(keys, 'base64'))),
    isKeeper: () => keeps,
    placesFor: sharedPlaces(link),
    allMetrics: async () =>
      textOfMany(await link.ask<MetricsSnapshot[]>(kinds.metricsOfAll, null, { timeoutMs: 2 * metricsTimeoutMs })),
    part: (tools) => workerPart(link, tools),
    ready: (ports) => link.post(kinds.ready, { ports } satisfies Ready),
  }
}

function workerPart(link: IpcLink, { metrics, logger }: { metrics: Metrics; logger: Logger }): Part {
  let isStopping = false
  return {
    name: 'worker',
    start() {
      link.answer(kinds.metrics, () => snapshotOf(metrics))
      link.onDown(() => {
        if (isStopping) return
        logger.error('the supervisor is gone: this worker drains and ends')
        process.emit('SIGTERM', 'SIGTERM')
      })
    },
    async stop() {
      isStopping = true
      link.post(kinds.lastMetrics, await snapshotOf(metrics))
      const late = new Promise((resolve) => setTimeout(resolve, farewellMs).unref())
      await Promise.race([link.flushed(), late])
    },
  }
}
