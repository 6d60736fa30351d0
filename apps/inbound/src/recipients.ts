// What an envelope recipient is, as RCPT and the HTTP door ask it (contract F1): somebody here, or why not. A domain's postmaster and abuse
// are always somebody (RFC 5321 §4.5.1, RFC 2142): without an inbox or alias of that name their mail goes to the domain's first inbox.

import type { Domain, Inbox } from '@postern/mailbox-store'
import { type Reply, SmtpError } from '@postern/smtp'
import type { ArrivalRecipient } from './arrival.js'
import type { InboundContext, RecipientFacts } from './context.js'

export interface RecipientQuestion {
  /** `Postmaster` alone is that of the gateway's own domain. */
  readonly address: string
  /** As the client announces it. */
  readonly sizeBytes?: number | undefined
}

/** Throws what the sender shall hear where mail for the address isn't taken. */
export async function findRecipient(
  { address, sizeBytes = 1 }: RecipientQuestion,
  context: InboundContext,
): Promise<ArrivalRecipient> {
  const named = address.includes('@') ? address : `${address}@${context.postmasterDomain}`
  const facts = await withPostmaster(await context.recipientFor(named), { address: named, context })
  switch (facts.kind) {
    case 'remote':
      throw new SmtpError(`550 5.7.1 Relaying denied: the domain of ${named} is not here`)
    case 'unknown':
      throw new SmtpError(`550 5.1.1 There is no inbox ${named}`)
    case 'catch-all':
      checkMode(facts.domain, { address: named, context })
      return { address: named, domain: facts.domain, inbox: { toMake: facts.address } }
    case 'inbox': {
      const { domain, inbox } = facts
      checkMode(domain, { address: named, context })
      if (inbox.disabled) throw new SmtpError(`550 5.2.1 The inbox ${named} is disabled`)
      if (!hasRoom(inbox, sizeBytes)) throw new SmtpError(`452 4.2.2 The inbox ${named} is full`)
      return { address: named, domain, inbox }
    }
  }
}

const alwaysSomebody: ReadonlySet<string> = new Set(['postmaster', 'abuse'])

async function withPostmaster(
  facts: RecipientFacts,
  { address, context }: { readonly address: string; readonly context: InboundContext },
): Promise<RecipientFacts> {
  if (facts.kind !== 'unknown' || !alwaysSomebody.has(address.slice(0, address.lastIndexOf('@')).toLowerCase()))
    return facts
  const { domain } = facts
  const { items } = await context.store.directory.listInboxes({ domain: domain.id, limit: 1 })
  const [inbox] = items
  return inbox === undefined ? facts : { kind: 'inbox', inbox, domain }
}

function hasRoom({ quotaBytes, quotaMessages, usedBytes, usedMessages }: Inbox, sizeBytes: number): boolean {
  if (quotaMessages !== undefined && usedMessages >= quotaMessages) return false
  return quotaBytes === undefined || usedBytes + sizeBytes <= quotaBytes
}

const modeReplies: Readonly<Record<Domain['mode'], (address: string) => Reply>> = {
  retained: (address) => `550 5.2.1 ${address} takes no mail`,
  'zero-retention': (address) => `550 5.2.1 The domain of ${address} keeps no mail`,
  encrypted: (address) => `550 5.7.1 ${address} takes encrypted mail only`,
}

/** Where nothing here does what the domain wants done with its mail. */
function checkMode(
  domain: Domain,
  { address, context }: { readonly address: string; readonly context: InboundContext },
): void {
  const mode = context.modes[domain.mode]
  const refusal = mode === undefined ? modeReplies[domain.mode](address) : mode.refusal?.({ address, domain })
  if (refusal !== undefined) throw new SmtpError(refusal)
}
