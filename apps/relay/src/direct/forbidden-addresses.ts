/**
 * Addresses that a stranger's domain mustn't lead to: this machine, private networks and what routes nowhere (RFC 6890). Without
 * this check anyone could have the relay knock at what only it can reach.
 */
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { networks } from '@postern/service'

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
  if (allowsPrivate) return false
  const own = Object.values(networkInterfaces()).flatMap((list) => list?.map((one) => one.address) ?? [])
  return inside.has(address) || own.includes(address)
}
