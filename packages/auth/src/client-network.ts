/**
 * Where a client is: whether a credential may be used from there (contract B2), and the network that its wrong guesses are
 * counted for, which is a /24 or a /48 (B10): what one customer of a provider can have for himself.
 */
import { networks, plainAddress } from '@postern/service'

export function isAllowedFrom(allowed: readonly string[], address: string): boolean {
  return allowed.length === 0 || networks(allowed).has(address)
}

/** `192.0.2.0/24` or `2001:db8:1::/48`; an address that is none, such as a socket's path, is its own network. */
export function networkOf(address: string): string {
  const plain = plainAddress(address)
  if (!plain.includes(':')) return /^\d+\.\d+\.\d+\.\d+$/.test(plain) ? `${plain.replace(/\d+$/, '0')}/24` : plain
  return `${leadingGroups(plain).join(':')}::/48`
}

/** The first three groups of an IPv6 address, which RFC 5952 §4.2 may have shortened to `::`. */
function leadingGroups(plain: string): string[] {
  const [head = '', tail] = plain.split('::')
  const before = head === '' ? [] : head.split(':')
  if (tail === undefined) return before.slice(0, 3)
  const after = tail === '' ? [] : tail.split(':')
  while (before.length + after.length < 8) before.push('0')
  return [...before, ...after].slice(0, 3)
}
