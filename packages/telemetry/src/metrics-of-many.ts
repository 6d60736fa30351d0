/**
 * The metrics of several processes as if they were one's: each tells its own as plain values, and whoever is asked puts them
 * together, counters and histograms by their sum, gauges as their declaration says. What a process counted that has ended since
 * stays in the sums, so that none of them ever goes back.
 */
import { AggregatorRegistry, type Registry } from 'prom-client'
import type { Metrics } from './metrics.js'

/** One process's, as they go over a pipe. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

export const snapshotOf = ({ registry }: Metrics): Promise<MetricsSnapshot> => registry.getMetricsAsJSON()

/** As Prometheus reads it. */
export const textOfMany = (snapshots: readonly MetricsSnapshot[]): Promise<string> =>
  AggregatorRegistry.aggregate([...snapshots]).metrics()

/** What stays of processes that have ended: their counters and histograms, together. */
export function whatStays(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> {
  const lasting = snapshots.map((each) => each.filter(({ type }) => isLasting(String(type))))
  return AggregatorRegistry.aggregate(lasting).getMetricsAsJSON()
}

const isLasting = (type: string): boolean => type === 'counter' || type === 'histogram'
