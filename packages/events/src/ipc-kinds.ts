/** What workers and their parent say to each other of events, by kind, so that no two features can meet under one name. */
import type { Window } from './counters.js'
import type { Published } from './waiting-rings.js'

export const ipcKinds = {
  /** Both ways: rings. */
  rings: 'rings',
  /** Mailboxes that somebody here listens to from now on, and those that nobody does any more. */
  listen: 'listen',
  unlisten: 'unlisten',
  /** Back: from now on their rings come. */
  hearing: 'hearing',
  /** Counters: a question, and a place that is given back. */
  count: 'count',
  release: 'release',
  /** A submission of a message begins, ends; a question whether all are over. */
  sendingBegins: 'sending-begins',
  sendingEnds: 'sending-ends',
  sendingSettled: 'sending-settled',
} as const

export type Rings = readonly Published[]
export type Mailboxes = readonly number[]

export type CountQuestion =
  | ({ readonly what: 'add'; readonly key: string; readonly by: number } & Window)
  | ({ readonly what: 'addDistinct'; readonly key: string; readonly member: string } & Window)
  | ({ readonly what: 'distinct'; readonly key: string } & Window)
  | ({ readonly what: 'hold'; readonly key: string; readonly member: string; readonly max: number } & Window)

export interface HeldPlace {
  readonly key: string
  readonly member: string
}

export interface SentMessage {
  readonly account: number
  readonly messageIdHash: number
}

export interface SettledQuestion extends SentMessage {
  readonly timeoutMs: number
}
