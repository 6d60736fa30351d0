// Where mail to a recipient goes (contract E1, E2): into an inbox of this gateway, into one that the domain makes for it, or away by
// a route. What is wrong with the others is said by `policies/rcpt-policies.ts`. A `*@domain` login sends for many inboxes, each of
// which may have a route of its own: RCPT asks for that of the envelope sender, and the end of DATA for the one that the relay will
// take, that of the inbox which From leads to.

import { type AccountId, type Domain, type DomainId, type Inbox, tryParseAddress } from '@postern/mailbox-store'
import { keepsRequireTls } from '@postern/routing'
import { SmtpError } from '@postern/smtp'
import type { RouteQuestion, SubmissionContext } from './context.js'
import { requireTlsReply } from './policies/mail-policies.js'
import { type DestinationKind, noRouteReply } from './policies/rcpt-policies.js'
import type { Session } from './session.js'
import type { Transaction } from './transaction.js'

export interface LocalDestination {
  readonly into:
    | { readonly account: AccountId }
    /** To be made under this address. */
    | { readonly domain: DomainId; readonly address: string }
  /** Armoured: what it gets is encrypted to it. */
  readonly publicKey: string | undefined
}

export interface Destination {
  readonly kind: DestinationKind
  /** Of kind `inbox`. */
  readonly local?: LocalDestination
  /** Of kind `sink`: the domain that keeps no mail. */
  readonly sink?: Domain
}

export async function destinationOf(
  address: string,
  { session, sender }: { readonly session: Session; readonly sender: string },
): Promise<Destination> {
  const { context } = session
  const facts = await context.lookups.recipientFor(address)
  if (facts.kind === 'unknown') return { kind: 'unknown' }
  if (facts.kind === 'remote') return { kind: (await hasRoute(session, sender)) ? 'remote' : 'no-route' }
  const { domain } = facts
  if (facts.kind === 'inbox' && facts.inbox.disabled) return { kind: 'disabled' }
  if (domain.mode === 'zero-retention')
    return domain.sink === undefined ? { kind: 'no-sink' } : { kind: 'sink', sink: domain }
  const into = facts.kind === 'inbox' ? { account: facts.inbox.id } : { domain: domain.id, address: facts.address }
  return { kind: 'inbox', local: { into, publicKey: keyOf(domain, facts.kind === 'inbox' ? facts.inbox : undefined) } }
}

/** Empty where a domain that keeps its mail encrypted has none: nothing can be encrypted then, and nothing is kept in clear. */
export function keyOf({ mode, settings }: Domain, inbox: Inbox | undefined): string | undefined {
  return mode === 'encrypted' ? (inbox?.publicKey ?? settings.publicKey ?? '') : undefined
}

async function hasRoute({ context, login }: Session, sender: string): Promise<boolean> {
  const { inbox, domain } = login.sender
  const account = inbox?.id ?? (await inboxBehind(sender, context))
  const { route } = await context.lookups.routeFor({ account, senderDomain: domain.name })
  return route.kind !== 'none'
}

async function inboxBehind(sender: string, { store }: SubmissionContext): Promise<AccountId | undefined> {
  if (tryParseAddress(sender) === undefined) return undefined
  const found = await store.directory.findAddress(sender)
  return found === undefined || found.via === 'catch-all' ? undefined : found.inbox.id
}

/** What RCPT was told holds for a login that opened an inbox; for another, what would wait for ever is refused now. */
export async function checkRoute(
  account: AccountId | undefined,
  { session, transaction }: { readonly session: Session; readonly transaction: Transaction },
): Promise<void> {
  const { context, login } = session
  const { from, parameters, recipients } = transaction
  if (
    login.sender.inbox !== undefined ||
    recipients.every(({ local, sink }) => local !== undefined || sink !== undefined)
  )
    return
  const question: RouteQuestion = { account, senderDomain: from.slice(from.lastIndexOf('@') + 1) }
  const { route } = await context.lookups.routeFor(question)
  if (route.kind === 'none') throw new SmtpError(noRouteReply)
  if (parameters.requireTls && !keepsRequireTls(route)) throw new SmtpError(requireTlsReply)
}
