// Whether REQUIRETLS is offered (RFC 8689 §2): under TLS, and where the route of who is logged in keeps TLS all the way. Before the
// login nobody's route is known but the setting's.

import { keepsRequireTls } from '@postern/routing'
import type { Session } from './session.js'

export async function offersRequireTls({ wire, context, admission }: Session): Promise<boolean> {
  if (!wire.secure) return false
  const { inbox, domain } = admission?.sender ?? {}
  const { route } = await context.lookups.routeFor({ account: inbox?.id, senderDomain: domain?.name })
  return keepsRequireTls(route)
}
