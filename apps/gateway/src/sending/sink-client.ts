// Posts to sinks with the settings of this gateway: which name servers are asked, and which private networks a sink may be in.

import { lookup, Resolver } from 'node:dns/promises'
import type { Config } from '@postern/config'
import { networks } from '@postern/service'
import { SinkClient } from '@postern/sink'
import { dns } from '../limits.js'

export const sinkClient = ({ dnsServers, sinkAllowPrivate }: Config): SinkClient =>
  new SinkClient({ addressesOf: addressesOf(dnsServers), allowed: networks(sinkAllowPrivate) })

/** Without servers of our own, the system's way of looking names up, which knows /etc/hosts too. */
function addressesOf(servers: readonly string[]): (name: string) => Promise<readonly string[]> {
  if (servers.length === 0)
    return async (name) => (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address)
  const resolver = new Resolver({ timeout: dns.timeoutMs, tries: dns.tries })
  resolver.setServers(servers)
  return async (name) => {
    const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    return found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  }
}
