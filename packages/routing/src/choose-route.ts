/** Which of the routes that are set somewhere a message takes (contract E2), and what that route can promise. */
import type { Route } from './route.js'

/** Where the route is set: nearest to the sender first. `unset`: nowhere. */
export type RouteBecause = 'inbox' | 'domain' | 'setting' | 'unset'

export interface ChosenRoute {
  readonly route: Route
  readonly because: RouteBecause
}

export interface RouteChoices {
  /** The sending inbox's own; `none` there keeps its mail on this gateway. */
  readonly inbox: Route | undefined
  /** That of the inbox's domain. */
  readonly domain: Route | undefined
  /** POSTERN_ROUTE. */
  readonly fallback: Route
}

export function chooseRoute({ inbox, domain, fallback }: RouteChoices): ChosenRoute {
  if (inbox !== undefined) return { route: inbox, because: 'inbox' }
  if (domain !== undefined) return { route: domain, because: 'domain' }
  return { route: fallback, because: fallback.kind === 'none' ? 'unset' : 'setting' }
}

/**
 * RFC 8689 §4.2.1: whether a message that asks for REQUIRETLS may be taken for this route. An API says nothing of how the mail
 * goes on, and a host that may be spoken to in clear keeps no such promise.
 */
export function keepsRequireTls(route: Route): boolean {
  switch (route.kind) {
    case 'direct':
      return true
    case 'smart-host':
      return route.tls === 'implicit' || route.tls === 'required'
    case 'ses':
    case 'resend':
    case 'none':
      return false
  }
}
