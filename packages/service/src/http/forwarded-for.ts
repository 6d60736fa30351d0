// Who a request over HTTP comes from, where proxies stand in front: each puts the address that it was reached from at the end of
// X-Forwarded-For. It's read from the end, as long as those who wrote it are proxies of ours: what stands before that anybody may have
// written. `Forwarded` (RFC 7239) isn't read: a proxy that knows only one of the two lets the other one through as a client sent it.

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { type Networks, plainAddress } from '../net/networks.js'

/** @param proxies whose word is believed */
export function clientAddress(request: IncomingMessage, proxies: Networks): string {
  let address = plainAddress(request.socket.remoteAddress ?? '')
  const hops = (request.headersDistinct['x-forwarded-for'] ?? []).join(',').split(',')
  while (proxies.has(address)) {
    const before = addressIn(hops.pop() ?? '')
    if (before === undefined) break
    address = before
  }
  return address
}

/** Some proxies write the port behind it. */
function addressIn(hop: string): string | undefined {
  const [, bracketed, ipv4] = /^(?:\[([^\]]*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(hop.trim()) ?? []
  const address = plainAddress(bracketed ?? ipv4 ?? hop.trim())
  return isIP(address) === 0 ? undefined : address
}
