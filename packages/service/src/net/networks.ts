/** Client addresses and the networks they may be in. Addresses are compared in their plain form: IPv4 without an IPv6 prefix. */
import { BlockList, isIP, isIPv6 } from 'node:net'

export interface Networks {
  has(address: string): boolean
}

/** A set of networks, written as 10.0.0.0/8, fd00::/8 or as single addresses. */
export function networks(items: readonly string[]): Networks {
  const list = new BlockList()
  for (const item of items) {
    const [, address = '', bits] = /^([^/]+)(?:\/(\d+))?$/.exec(item) ?? []
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (isIP(address) === 0) throw new TypeError(`"${item}" is not a network`)
    list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  // A server in front asks for each of its messages.
  let last = { address: '', isIn: false }
  return {
    has(address) {
      if (address !== last.address) last = { address, isIn: isIn(address) }
      return last.isIn
    },
  }

  function isIn(address: string): boolean {
    const plain = plainAddress(address)
    return isIP(plain) !== 0 && list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
  }
}

/**
 * The one form of an address (RFC 5952 §4), without a scope; an IPv4 one without the prefix that a dual-stack socket or a load
 * balancer shows it with (RFC 4291 §2.5.5.2).
 */
export function plainAddress(address: string): string {
  const [unscoped = ''] = address.split('%')
  if (!isIPv6(unscoped)) return unscoped
  const plain = new URL(`http://[${unscoped}]`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain) ?? []
  if (high === undefined || low === undefined) return plain
  return [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]).join('.')
}

/** What limits count as one client: an IPv4 address, or the /64 network that one IPv6 client usually has for itself. */
export function clientNetwork(address: string): string {
  const plain = plainAddress(address)
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':')
    while (groups.length + after.length < 8) groups.push('0')
    groups.push(...after)
  }
  return `${groups.slice(0, 4).join(':')}::/64`
}
