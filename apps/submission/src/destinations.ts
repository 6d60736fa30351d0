// Where mail to a recipient goes (contract E1, E2): into an inbox of this gateway, into one that the domain makes for it, or away by
// a route. What is wrong with the others is said by `policies/rcpt-policies.ts`.

import type { AccountId, DomainId } from '@postern/mailbox-store'
import type { Admission, SubmissionContext } from './context.js'
import type { DestinationKind } from './policies/rcpt-policies.js'

export interface LocalDestination {
  readonly into:
    | { readonly account: AccountId }
    /** To be made under this address. */
    | { readonly domain: DomainId; readonly address: string }
  /** The domain takes what is encrypted already, and nothing else. */
  readonly encryptedOnly: boolean
}

export interface Destination {
  readonly kind: DestinationKind
  /** Of kind `inbox`. */
  readonly local?: LocalDestination
}

export async function destinationOf(
  address: string,
  { context, admission }: { readonly context: SubmissionContext; readonly admission: Admission },
): Promise<Destination> {
  const facts = await context.lookups.recipientFor(address)
  if (facts.kind === 'unknown') return { kind: 'unknown' }
  if (facts.kind === 'remote') return { kind: (await hasRoute(context, admission)) ? 'remote' : 'no-route' }
  const { domain } = facts
  if (domain.mode === 'zero-retention') return { kind: 'keeps-no-mail' }
  if (facts.kind === 'inbox' && facts.inbox.disabled) return { kind: 'disabled' }
  const into = facts.kind === 'inbox' ? { account: facts.inbox.id } : { domain: domain.id, address: facts.address }
  return { kind: 'inbox', local: { into, encryptedOnly: domain.mode === 'encrypted' } }
}

async function hasRoute({ lookups }: SubmissionContext, { sender: { inbox, domain } }: Admission): Promise<boolean> {
  const { route } = await lookups.routeFor({ account: inbox?.id, senderDomain: domain.name })
  return route.kind !== 'none'
}
