/** The way out that a route names. */
import type { SmartHost } from '@postern/routing'
import { createSmartHost } from './smart-host/smart-host.js'
import type { Transport } from './transport.js'
import type { TransportDeps } from './transport-deps.js'

export function createTransport(route: SmartHost, deps: TransportDeps): Transport {
  return createSmartHost(route, deps)
}
