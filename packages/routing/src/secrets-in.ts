/** What of a route must not be told: for a log that takes such texts out of its lines. */
import type { Route } from './route.js'

export function secretsIn(route: Route): readonly string[] {
  switch (route.kind) {
    case 'smart-host':
      return route.secret === undefined ? [] : [route.secret]
    case 'ses':
      return [route.secretAccessKey]
    case 'resend':
      return [route.apiKey]
    case 'direct':
    case 'none':
      return []
  }
}
