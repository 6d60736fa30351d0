// Posts to sinks with the settings of this gateway: which name servers are asked, and which private networks a sink may be in.

import { lookup, Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Config } from '@postern/config'
import { isForbidden, networks } from '@postern/service'
import { SinkClient } from '@postern/sink'
import { dns } from '../limits.js'

export const sinkClient = ({ dnsServers, sinkAllowPrivate }: Config): SinkClient =>
  new SinkClient({ addressesOf: addressesOf(dnsServers), allowed: networks(sinkAllowPrivate) })

/** An address that posts don't go to, where the URL says one itself; a name is looked up with each post. */
export function closedAddressIn(
  url: string,
  { sinkAllowPrivate }: Pick<Config, 'sinkAllowPrivate'>,
): string | undefined {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  const isClosed =
    isIP(host) !== 0 && isForbidden(host, { allowsPrivate: false }) && !networks(sinkAllowPrivate).has(host)
  return isClosed ? host : undefined
}

/**
 * Without servers of our own, the system's way of looking names up, which knows /etc/hosts too. Throws where nobody answers; nothing is found
 * where the name has no address.
 */
export function addressesOf(servers: readonly string[]): (name: string) => Promise<readonly string[]> {
  if (servers.length === 0)
    return async (name) => (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address)
  const resolver = new Resolver({ timeout: dns.timeoutMs, tries: dns.tries })
  resolver.setServers(servers)
  return async (name) => {
    const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    const addresses = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
    const unanswered = found.find((one) => one.status === 'rejected' && !isUnknown(one.reason))
    if (addresses.length === 0 && unanswered?.status === 'rejected') throw unanswered.reason
    return addresses
  }
}

const isUnknown = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA')
