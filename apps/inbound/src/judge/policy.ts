// What is done with a message for what was found out about it, as one table over plain facts. The author's domain has said what it wants
// (RFC 7489 §6.3); the recipient's domain says how far that may go. SPF alone refuses nothing: a message that somebody
// forwards fails it as a forged one does (docs/decisions/what-refuses-mail.md).

import type { DmarcLimit } from '@postern/mailbox-store'
import type { Action, Reply } from '../arrival.js'
import type { Arc, Checks, Dmarc, PublishedPolicy } from './checks.js'

export interface PolicyOptions {
  /** What the recipient's domain allows at most. */
  readonly limit: DmarcLimit
  /** Domains whose seals are believed. */
  readonly trustedSealers: ReadonlySet<string>
  /** 0 ≤ lot < 100: whether this message is one of those that the policy holds for (RFC 7489 §6.6.4). */
  readonly lot: number
}

export interface Decision {
  readonly action: Action
  readonly reply?: Reply
  /** Why it isn't what was published. */
  readonly because?: 'limit' | 'arc' | 'sample' | 'uncertain'
}

export function decide({ dmarc, arc }: Pick<Checks, 'dmarc' | 'arc'>, options: PolicyOptions): Decision {
  if (dmarc === undefined || !(dmarc.result === 'fail' || dmarc.result === 'permerror')) return { action: 'accept' }
  const wanted = wantedBy[dmarc.policy]
  if (wanted === 'accept') return { action: 'accept' }
  if (isVouchedFor(arc, { domain: dmarc.domain, trusted: options.trustedSealers }))
    return { action: 'accept', because: 'arc' }
  const sampled = options.lot < dmarc.percent ? wanted : nextLower[wanted]
  const allowed = atMost(options.limit, sampled)
  if (allowed === 'refuse' && dmarc.isUncertain)
    return { action: 'defer', because: 'uncertain', reply: deferral(dmarc) }
  if (allowed === 'refuse') return { action: 'refuse', reply: refusal(dmarc) }
  return { action: allowed, ...(allowed === wanted ? {} : { because: allowed === sampled ? 'sample' : 'limit' }) }
}

type Wanted = 'accept' | 'spam' | 'refuse'

const wantedBy: Readonly<Record<PublishedPolicy, Wanted>> = { none: 'accept', quarantine: 'spam', reject: 'refuse' }

/** RFC 7489 §6.6.4: what isn't in the sample gets the next lower one. */
const nextLower: Readonly<Record<Wanted, Wanted>> = { accept: 'accept', spam: 'accept', refuse: 'spam' }

function atMost(limit: DmarcLimit, wanted: Wanted): Wanted {
  switch (limit) {
    case 'ignore':
      return 'accept'
    case 'spam':
      return wanted === 'refuse' ? 'spam' : wanted
    case 'refuse':
      return wanted
  }
}

/** From the newest seal on, as long as they are trusted: one of them saw the message pass (RFC 8617 §7.2). */
function isVouchedFor(
  { result, sealers }: Arc,
  { domain, trusted }: { readonly domain: string; readonly trusted: ReadonlySet<string> },
): boolean {
  if (result !== 'pass') return false
  const end = sealers.findIndex((sealer) => !trusted.has(sealer.domain))
  const run = end < 0 ? sealers : sealers.slice(0, end)
  return run.some(({ dmarc, from }) => dmarc === 'pass' && (from === undefined || isRelated(from, domain)))
}

const isRelated = (one: string, other: string): boolean =>
  one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`)

const refusal = ({ domain }: Dmarc): Reply =>
  `550 5.7.1 Neither SPF nor DKIM shows that this message comes from ${domain}, which asks to refuse such mail (DMARC)`

const deferral = ({ domain }: Dmarc): Reply =>
  `451 4.4.3 Whether this message comes from ${domain} cannot be told, since a name server did not answer: send it again`
