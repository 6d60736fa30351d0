// Where mail to a recipient goes (contract E1, E2): into an inbox of this gateway, into one that the domain makes for it, or away by
// a route. What goes nowhere is refused at RCPT, with what to do about it.

import type { AccountId, DomainId } from '@postern/mailbox-store'
import type { Admission, SubmissionContext } from './context.js'
import { SmtpError } from './reply.js'

export type Destination =
  | { readonly kind: 'inbox'; readonly account: AccountId; readonly encryptedOnly: boolean }
  | { readonly kind: 'new-inbox'; readonly domain: DomainId; readonly address: string }
  | { readonly kind: 'away' }

export async function destinationOf(
  address: string,
  { context, admission }: { readonly context: SubmissionContext; readonly admission: Admission },
): Promise<Destination> {
  const facts = await context.lookups.recipientFor(address)
  switch (facts.kind) {
    case 'inbox':
      refuseKeepingNone(facts)
      if (facts.inbox.disabled) throw new SmtpError('550 5.2.1 The inbox is disabled')
      return { kind: 'inbox', account: facts.inbox.id, encryptedOnly: facts.domain.mode === 'encrypted' }
    case 'catch-all':
      refuseKeepingNone(facts)
      return { kind: 'new-inbox', domain: facts.domain.id, address: facts.address }
    case 'unknown':
      throw new SmtpError('550 5.1.1 There is no such inbox here')
    case 'remote':
      await refuseWithoutRoute({ context, admission })
      return { kind: 'away' }
  }
}

function refuseKeepingNone({ domain }: { readonly domain: { readonly mode: string; readonly name: string } }): void {
  if (domain.mode === 'zero-retention') throw new SmtpError(`550 5.2.1 ${domain.name} keeps no mail`)
}

async function refuseWithoutRoute({
  context,
  admission: { sender },
}: {
  readonly context: SubmissionContext
  readonly admission: Admission
}): Promise<void> {
  const { route } = await context.lookups.routeFor({ account: sender.inbox?.id, senderDomain: sender.domain.name })
  if (route.kind === 'none')
    throw new SmtpError(
      `550 5.4.4 No route to other servers: set POSTERN_ROUTE, or a route for the inbox or for ${sender.domain.name}`,
    )
}
