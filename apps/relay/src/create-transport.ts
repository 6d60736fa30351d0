/** The way out that a route names. */
import type { DirectRoute, SmartHost } from '@postern/routing'
import { createDirect } from './direct/direct.js'
import { createSmartHost } from './smart-host/smart-host.js'
import type { Transport } from './transport.js'
import type { TransportDeps } from './transport-deps.js'

export function createTransport(route: SmartHost | DirectRoute, deps: TransportDeps): Transport {
  switch (route.kind) {
    case 'smart-host':
      return createSmartHost(route, deps)
    case 'direct':
      return createDirect(route, deps)
  }
}
