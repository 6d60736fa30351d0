// Where a recipient's mail goes at this try: into an inbox of this gateway, out by a route, or nowhere. Asked anew at each try, since
// routes are set and inboxes made while mail waits.

import type { AccountId, Claimed } from '@postern/mailbox-store'
import type { NoRoute, Route } from '@postern/routing'
import type { Sink } from '@postern/sink'
import type { Logger } from '@postern/telemetry'

export type WayOut = Exclude<Route, NoRoute>

/** An address of a domain on this gateway: its inbox, or why it takes nothing. */
export type LocalAddress =
  | { readonly account: AccountId }
  /** Of a domain that keeps no mail. */
  | { readonly sink: Sink }
  /** RFC 3463, and what the sender reads. */
  | { readonly status: string; readonly text: string }

export type Way =
  /** Posted to the sink of an inbox's rule, or of a domain that keeps no mail. */
  | { readonly kind: 'sink'; readonly sink: Sink }
  | { readonly kind: 'inbox'; readonly account: AccountId }
  | { readonly kind: 'out'; readonly route: WayOut }
  | { readonly kind: 'none'; readonly outcome: 'deferred' | 'failed'; readonly status: string; readonly text: string }

export interface Lookups {
  /** How mail of this sender leaves now. */
  readonly routeOf: (from: {
    readonly account: AccountId | undefined
    readonly sender: string
  }) => Promise<{ readonly route: Route }>
  /** Undefined where the domain isn't this gateway's. */
  readonly localOf: (address: string) => Promise<LocalAddress | undefined>
  /** Of an inbox's rule; undefined where the rule has gone, or has none any more. */
  readonly sinkOf?: (rule: string) => Promise<Sink | undefined>
}

export async function wayOf(row: Claimed, { routeOf, localOf, sinkOf }: Lookups, logger: Logger): Promise<Way> {
  try {
    if (row.sink !== undefined) {
      const sink = await sinkOf?.(row.sink)
      return sink === undefined ? sinkGone : { kind: 'sink', sink }
    }
    const local = await localOf(row.recipient)
    if (local !== undefined) return wayHere(local)
    const { route } = await routeOf({ account: row.account, sender: row.sender })
    return route.kind === 'none' ? noRoute : { kind: 'out', route }
  } catch (err) {
    logger.error({ err, queueId: row.queueId }, 'where mail goes could not be looked up')
    return lookupFailed
  }
}

function wayHere(local: LocalAddress): Way {
  if ('account' in local) return { kind: 'inbox', ...local }
  return 'sink' in local ? { kind: 'sink', ...local } : { kind: 'none', outcome: 'failed', ...local }
}

const sinkGone: Way = {
  ...{ kind: 'none', outcome: 'failed', status: '5.3.5' },
  text: 'The rule whose sink this was for has gone, or has no sink any more',
}
const noRoute: Way = {
  kind: 'none',
  outcome: 'deferred',
  status: '4.4.4',
  text: 'There is no route for mail of this sender any more: POSTERN_ROUTE, or a route of the domain or the inbox, has to be set',
}
const lookupFailed: Way = {
  kind: 'none',
  outcome: 'deferred',
  status: '4.3.5',
  text: 'The route of this sender could not be read; the log says why',
}
