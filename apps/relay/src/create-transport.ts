/** The way out that a route names. */
import { createDirect } from './direct/direct.js'
import { createResend } from './resend/resend.js'
import { createSes } from './ses/ses.js'
import { createSmartHost } from './smart-host/smart-host.js'
import type { Transport } from './transport.js'
import type { TransportDeps } from './transport-deps.js'
import type { WayOut } from './ways.js'

export function createTransport(route: WayOut, deps: TransportDeps): Transport {
  switch (route.kind) {
    case 'smart-host':
      return createSmartHost(route, deps)
    case 'direct':
      return createDirect(route, deps)
    case 'ses':
      return createSes(route, deps)
    case 'resend':
      return createResend(route, deps)
  }
}
