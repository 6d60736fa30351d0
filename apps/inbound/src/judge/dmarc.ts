// DMARC for each domain that a message says it's from: what the domain has published, and whether SPF or a signature that passed belongs
// to it. The record and the relaxed comparison are mailauth's; where the domain asks for the strict one, names are compared here.
// RFC 7489 §3.1, §6.6.

import { dmarc } from 'mailauth'
import type { Authors } from './authors.js'
import type { Dkim, Dmarc, PublishedPolicy, Spf } from './checks.js'
import type { AskDns } from './name-lookups.js'

export interface Shown {
  readonly spf: Spf | undefined
  readonly dkim: readonly Dkim[]
  readonly authors: Authors
  readonly ask: AskDns
}

export async function authorsDmarc({ authors, ...shown }: Shown): Promise<Dmarc | undefined> {
  const [domain, ...others] = authors.domains
  if (domain === undefined) return undefined
  if (authors.isTooMany) return { result: 'permerror', domain, policy: 'quarantine', percent: 100, isUncertain: false }
  let worst = await domainDmarc(domain, shown)
  for (const other of others) {
    const next = await domainDmarc(other, shown)
    if (rank(next) > rank(worst)) worst = next
  }
  return worst
}

/** RFC 7489 §6.6.1: the strictest policy of those that fail. */
function rank({ result, policy }: Dmarc): number {
  switch (result) {
    case 'pass':
      return 0
    case 'none':
      return 1
    case 'temperror':
      return 2
    case 'permerror':
    case 'fail':
      return 3 + policies.indexOf(policy)
  }
}

type OfDomain = Omit<Shown, 'authors'>

async function domainDmarc(domain: string, { spf, dkim, ask }: OfDomain): Promise<Dmarc> {
  const passed = await alignment(domain, { spf, dkim, ask, results: ['pass'] })
  const { result, policy, percent } = passed
  if (result !== 'fail') return { result, domain, policy, percent, isUncertain: false }
  const maybe = await alignment(domain, { spf, dkim, ask, results: ['pass', 'temperror'] })
  return { result, domain, policy, percent, isUncertain: maybe.result === 'pass' }
}

interface Alignment {
  readonly result: 'pass' | 'fail' | 'none' | 'temperror'
  readonly policy: PublishedPolicy
  readonly percent: number
}

/** @param results which of SPF's and DKIM's count */
async function alignment(
  domain: string,
  { spf, dkim, ask, results }: OfDomain & { readonly results: readonly string[] },
): Promise<Alignment> {
  const spfDomains = spf !== undefined && results.includes(spf.result) ? [spf.domain] : []
  const dkimDomains = dkim.filter(({ result }) => results.includes(result)).map((each) => each.domain)
  const found = await dmarc({
    ...{ headerFrom: `author@${domain}`, resolver: ask, spfDomains },
    dkimDomains: dkimDomains.map((each) => ({ domain: each })),
  })
  if (found === false || found.status.result === 'none') return { result: 'none', ...noPolicy }
  if (found.status.result === 'temperror') return { result: 'temperror', ...noPolicy }
  const isAligned =
    belongs(found.alignment.spf, { domain, proven: spfDomains }) ||
    belongs(found.alignment.dkim, { domain, proven: dkimDomains })
  return { result: isAligned ? 'pass' : 'fail', policy: policyOf(found.policy), percent: percentOf(found.rr) }
}

const noPolicy = { policy: 'none', percent: 100 } as const

function belongs(
  { result, strict }: { readonly result?: string | false; readonly strict: boolean },
  { domain, proven }: { readonly domain: string; readonly proven: readonly string[] },
): boolean {
  return strict ? proven.includes(domain) : Boolean(result)
}

const policies: readonly PublishedPolicy[] = ['none', 'quarantine', 'reject']

/** RFC 7489 §6.6.3: what is no policy asks for nothing. */
function policyOf(published: string | false | undefined): PublishedPolicy {
  const word = String(published).trim().toLowerCase()
  return policies.find((each) => each === word) ?? 'none'
}

/** What isn't a percentage is passed over. */
function percentOf(record = ''): number {
  const [, digits] = /(?:^|;)\s*pct\s*=\s*(\d{1,3})\s*(?:;|$)/i.exec(record) ?? []
  return digits === undefined ? 100 : Math.min(Number(digits), 100)
}
