/**
 * Addresses that a name of somebody else mustn't lead to: this machine, private networks and what routes nowhere (RFC 6890), also
 * where one of them is inside of an IPv6 address that a translator or a tunnel takes apart (RFC 6052, RFC 3056). Without
 * this check anyone could have us knock at what only we can reach.
 */
import { isIP, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { networks, plainAddress } from './networks.js'

const nowhere = networks(['0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '::/128', 'ff00::/8'])
const inside = networks([
  ...[
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.168.0.0/16',
  ],
  ...['198.18.0.0/15', '::1/128', '64:ff9b:1::/48', 'fc00::/7', 'fe80::/10', 'fec0::/10'],
])

export function isForbidden(address: string, { allowsPrivate }: { readonly allowsPrivate: boolean }): boolean {
  if (isIP(address) === 0 || nowhere.has(address)) return true
  const within = embedded(plainAddress(address))
  if (within !== undefined && isForbidden(within, { allowsPrivate })) return true
  if (allowsPrivate) return false
  const own = Object.values(networkInterfaces()).flatMap((list) => list?.map((one) => one.address) ?? [])
  return inside.has(address) || own.includes(address)
}

/** The IPv4 address in one of IPv6, where something on the way may take it out. */
function embedded(address: string): string | undefined {
  if (!isIPv6(address)) return undefined
  const groups = groupsOf(address)
  const [first, second, third] = groups
  if (first === 0x2002) return ipv4(second, third)
  const isTranslated = first === 0x64 && second === 0xff9b && groups.slice(2, 6).every((group) => group === 0)
  // RFC 4291 §2.5.3: `::1` is loopback, and has no 0.0.0.1 in it.
  const isCompatible = groups.slice(0, 6).every((group) => group === 0) && !(groups[6] === 0 && groups[7] === 1)
  return isTranslated || isCompatible ? ipv4(groups[6], groups[7]) : undefined
}

function groupsOf(address: string): number[] {
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':').filter((group) => group !== ''))
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16))
}

const ipv4 = (high = 0, low = 0): string => [high >> 8, high & 255, low >> 8, low & 255].join('.')
