// Why a recipient's mail goes where it goes (contract E1, E2): what the address is here, which route the sender's mail takes
// and why, and what the next step is. It asks the same lookups as submission and relay do, so that it tells what they will do.

import { type ChosenRoute, type Route, showRoute } from '@postern/routing'
import { type Lookup, LookupFailed } from '../dns/lookup.js'
import type { RecipientFacts } from './recipients.js'
import type { Sender, SendingLookups } from './sending-lookups.js'

export interface Explanation {
  readonly recipient: string
  /** `here`: delivered by the commit that accepts it. `refused`: never accepted. `leaves`: by the route. */
  readonly goes: 'here' | 'refused' | 'leaves'
  readonly why: string
  /** Of mail that leaves; without its secrets. */
  readonly route: string | null
  readonly because: ChosenRoute['because'] | null
  /** Who is asked to take it, the first one first; none where that isn't known. */
  readonly next_hops: readonly string[]
  /** What an SMTP client is told, where it's refused. */
  readonly refusal: string | null
}

export interface Explaining {
  readonly lookups: SendingLookups
  readonly lookup: Lookup
}

export async function explain(
  { recipient, sender }: { recipient: string; sender: Sender },
  { lookups, lookup }: Explaining,
): Promise<Explanation> {
  const facts = await lookups.recipientFor(recipient)
  if (facts.kind !== 'remote') return { recipient, ...here(facts) }
  const { route, because } = await lookups.routeFor(sender)
  if (route.kind === 'none') return { recipient, ...withoutRoute(because) }
  const { hops, why } = await nextHops(route, { recipient, lookup })
  return {
    ...{ recipient, goes: 'leaves', why, route: showRoute(route), because, next_hops: hops, refusal: null },
  }
}

/** Of what a rule posts: its URL is the rule's to show. */
export const explainPost = (recipient: string, rule: string): Explanation => ({
  ...{
    recipient,
    goes: 'leaves',
    why: `The rule ${rule} of this inbox posts it to its sink.`,
    route: `the sink of ${rule}`,
  },
  ...{ because: null, next_hops: [], refusal: null },
})

type Judged = Omit<Explanation, 'recipient'>

const notLeaving = { route: null, because: null, next_hops: [] } as const
const kept = (why: string): Judged => ({ ...notLeaving, goes: 'here', why, refusal: null })
const posted = (domain: string): Judged => ({
  ...{ goes: 'leaves', why: `${domain} keeps no mail: its sink gets it while the sender waits.` },
  ...{ route: `the sink of ${domain}`, because: null, next_hops: [], refusal: null },
})
const refused = (refusal: string, why: string): Judged => ({ ...notLeaving, goes: 'refused', why, refusal })

function here(facts: Exclude<RecipientFacts, { kind: 'remote' }>): Judged {
  const { name, mode, sink } = facts.domain
  if (facts.kind === 'unknown') return refused('550 5.1.1', `${name} is here, and has no such inbox.`)
  if (facts.kind === 'inbox' && facts.inbox.disabled)
    return refused('550 5.2.1', `The inbox ${facts.inbox.address} is disabled.`)
  if (mode === 'zero-retention')
    return sink === undefined ? refused('550 5.2.1', `${name} keeps no mail, and has no sink.`) : posted(name)
  const only = mode === 'encrypted' ? ' It is kept encrypted.' : ''
  if (facts.kind === 'inbox') return kept(`It is the inbox ${facts.inbox.address} of this gateway.${only}`)
  return kept(`${name} is here and catch-all: the inbox ${facts.address} is made for it.${only}`)
}

const withoutRoute = (because: ChosenRoute['because']): Judged => ({
  ...refused('550 5.4.4', because === 'unset' ? 'Nothing says how mail leaves.' : 'Its route is `none`.'),
  ...{ route: 'none', because },
})

interface NextHops {
  readonly hops: readonly string[]
  readonly why: string
}

async function nextHops(
  route: Exclude<Route, { kind: 'none' }>,
  { recipient, lookup }: { recipient: string; lookup: Lookup },
): Promise<NextHops> {
  switch (route.kind) {
    case 'smart-host':
      return { hops: [`${route.host} port ${route.port}`], why: `A smart host takes it, ${tlsText[route.tls]}.` }
    case 'ses':
      return { hops: [route.endpoint ?? `Amazon SES in ${route.region}`], why: 'The API of Amazon SES takes it.' }
    case 'resend':
      return { hops: [route.endpoint ?? 'Resend'], why: 'The API of Resend takes it.' }
    case 'direct':
      return directHops(recipient.slice(recipient.lastIndexOf('@') + 1), { port: route.port, lookup })
  }
}

const tlsText = {
  implicit: 'by TLS from the first byte',
  required: 'by STARTTLS or not at all',
  offered: 'by STARTTLS where it has it',
  none: 'in clear',
} as const

/** RFC 5321 §5.1, RFC 7505 §3. */
async function directHops(domain: string, { port, lookup }: { port: number; lookup: Lookup }): Promise<NextHops> {
  const at = (host: string): string => `${host} port ${port}`
  if (domain.startsWith('[')) return { hops: [at(domain)], why: 'The address names the host itself.' }
  try {
    const records = (await lookup('MX', domain)).map((record) => record.split(' '))
    records.sort(([a], [b]) => Number(a) - Number(b))
    const hosts = records.map(([, host = '']) => host)
    if (hosts.length === 0)
      return { hops: [at(domain)], why: `${domain} has no MX records: its own addresses are tried.` }
    if (hosts.length === 1 && hosts[0] === '')
      return { hops: [], why: `${domain} takes no mail: it has a null MX. It will be returned.` }
    return { hops: hosts.map(at), why: `The MX hosts of ${domain} take it.` }
  } catch (error) {
    if (error instanceof LookupFailed) return { hops: [], why: `No name server answered about ${domain}: it waits.` }
    throw error
  }
}
