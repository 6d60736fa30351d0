// Claimed recipients as loads: those of one submission that go the same way to the same destination go together.

import type { Claimed } from '@postern/mailbox-store'
import { type Lane, type Load, laneOf } from './lanes.js'
import { type RelayLimits, recipientsPerParcelMax } from './relay-limits.js'
import type { Way } from './ways.js'

export interface RelayLoad extends Load {
  readonly way: Way
  readonly rows: readonly Claimed[]
  /** Ends what is under way: a lease is lost, or the relay stops. */
  readonly abort: AbortController
}

/** A submission's message, envelope and route are the same for all of its rows. */
export const first = ({ rows }: Pick<RelayLoad, 'rows'>): Claimed => {
  const [row] = rows
  if (row === undefined) throw new Error('a load without recipients')
  return row
}

export function loadsOf(sorted: readonly { row: Claimed; way: Way }[], limits: RelayLimits): RelayLoad[] {
  const groups = new Map<string, { way: Way; lane: Lane; rows: Claimed[] }>()
  for (const { row, way } of sorted) {
    const lane = laneOf(way, row.domain, limits)
    // Rows that go nowhere, or into different inboxes, have answers of their own.
    const together = way.kind === 'out' ? JSON.stringify(way.route) : `${way.kind} ${row.id}`
    const key = `${row.queueId} ${lane.key} ${together}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { way, lane, rows: [row] })
    else group.rows.push(row)
  }
  return Array.from(groups.values()).flatMap(({ way, lane, rows }) =>
    inSlices(rows, recipientsPerParcelMax).map((slice) => ({
      ...{ way, lane, rows: slice, size: slice.length },
      abort: new AbortController(),
    })),
  )
}

const inSlices = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
