// What workers and their parent say to each other besides events, by kind; those of events are in packages/events.

import type { Ports } from '../running.js'

export const kinds = {
  /** A worker's first question. */
  welcome: 'welcome',
  /** A worker serves; and what it had to announce is out. */
  ready: 'ready',
  /** Which worker does what only one shall do. */
  keeper: 'keeper',
  ticketKeys: 'ticket-keys',
  /** A question for a place among the connections of all workers, and the place given back. */
  takePlace: 'take-place',
  leavePlace: 'leave-place',
  /** A worker asks for everybody's metrics; the parent for one's. */
  metricsOfAll: 'metrics-of-all',
  metrics: 'metrics',
  /** A worker's metrics at its end. */
  lastMetrics: 'last-metrics',
} as const

export interface Welcome {
  /** Whether this one says where things are, and shows what the first start made. */
  readonly announces: boolean
  readonly isKeeper: boolean
  /** In Base64. */
  readonly ticketKeys: string
}

export interface Ready {
  readonly ports: Ports
}

export interface PlaceQuestion {
  readonly listener: string
  readonly address: string
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
}

export type LeftPlace = Pick<PlaceQuestion, 'listener' | 'address'>
