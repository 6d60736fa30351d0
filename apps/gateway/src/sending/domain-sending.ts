// How the mail of one domain leaves, and what signs it: what its DNS has to say follows from both.

import type { Directory, DkimKey, Domain } from '@postern/mailbox-store'
import type { Route } from '@postern/routing'
import { Failure } from '@postern/service'
import { dkimRecord, senderRecords, type WantedRecord } from '../dns/records.js'
import type { SealedRecords } from './sealed-records.js'

export interface DomainSending {
  readonly route: Route
  /** Those that sign. */
  readonly keys: readonly DkimKey[]
}

export interface DomainSendingSources {
  readonly directory: Directory
  /** Asked where the domain has a route of its own. */
  readonly sealed: () => Promise<SealedRecords>
  /** POSTERN_ROUTE. */
  readonly fallback: Route
}

export async function domainSending(domain: Domain, sources: DomainSendingSources): Promise<DomainSending> {
  const keys = await sources.directory.listDkimKeys(domain.id)
  return {
    route: (domain.route === undefined ? undefined : await openedRoute(domain, sources)) ?? sources.fallback,
    keys: keys.filter(({ retiredAt }) => retiredAt === undefined),
  }
}

/** One that can't be opened is told elsewhere: here the domain counts as without. */
async function openedRoute(domain: Domain, { sealed }: DomainSendingSources): Promise<Route | undefined> {
  try {
    return (await sealed()).routeOf(domain)
  } catch (error) {
    if (error instanceof Failure) return undefined
    throw error
  }
}

/** SPF, DMARC, and DKIM for each key: what receivers look at before they believe the domain's mail. */
export const sendingRecords = (
  domain: Pick<Domain, 'name'>,
  { route, keys }: DomainSending,
): readonly WantedRecord[] => [...senderRecords(domain, route), ...keys.map((key) => dkimRecord(domain, key))]

/** An API signs by itself what it takes; other mail has no signature without a key. */
export const needsKeys = ({ route, keys }: DomainSending): boolean =>
  keys.length === 0 && (route.kind === 'smart-host' || route.kind === 'direct')
