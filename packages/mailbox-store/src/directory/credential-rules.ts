// What a credential may say of itself: scopes for its kind, grants, networks. Contract B2, B3, B6.

import { isIP } from 'node:net'
import { refuse } from '../refusals.js'
import { cleanDomain, parseAddress } from './address.js'
import type { NewSecret } from './directory.js'
import { grantsPerCredentialMax, hashBytesMax, networksPerCredentialMax, publicPartCharactersMax } from './limits.js'
import { type CredentialKind, mailScopes, type Scope, scopes } from './records.js'

export function cleanScopes(kind: CredentialKind, given: readonly Scope[]): Scope[] {
  if (kind !== 'key' && kind !== 'app') return refuse('invalid', 'A credential is an API key or an app password.')
  const known = kind === 'app' ? mailScopes : scopes
  const wrong = given.find((scope) => !known.includes(scope))
  if (wrong !== undefined && scopes.includes(wrong))
    return refuse('invalid', `An app password has mail scopes only (${mailScopes.join(', ')}), not ${wrong}.`)
  if (wrong !== undefined) return refuse('invalid', `There is no scope of that name; scopes are ${scopes.join(', ')}.`)
  if (given.length === 0) return refuse('invalid', 'A credential has at least one scope.')
  return scopes.filter((scope) => given.includes(scope))
}

export function cleanGrants(given: readonly string[]): string[] {
  if (given.length === 0)
    return refuse('invalid', 'A credential has at least one grant.', 'Name an address, *@domain, or *.')
  if (given.length > grantsPerCredentialMax)
    return refuse('invalid', `A credential has at most ${grantsPerCredentialMax} grants.`)
  return Array.from(new Set(given.map(cleanGrant)))
}

/** `*`, an address, or an address with one `*` in its local part. */
function cleanGrant(text: string): string {
  if (text === '*') return text
  const at = text.lastIndexOf('@')
  const star = text.indexOf('*')
  if (star < 0) return parseAddress(text).address
  if (star > at || text.includes('*', star + 1) || text.startsWith('"'))
    return refuse('invalid', 'A grant has one * at most, and before the @.')
  const domain = cleanDomain(text.slice(at + 1))
  // A word in the star's place turns the pattern into an address, which is cleaned as such and turned back.
  const [before = '', after = ''] = text.slice(0, at).split('*')
  if (before === '' && after === '') return `*@${domain}`
  parseAddress(`${before}x${after}@${domain}`)
  const fold = (part: string): string => part.normalize('NFC').toLowerCase()
  return `${fold(before)}*${fold(after)}@${domain}`
}

export function cleanNetworks(given: readonly string[]): string[] {
  if (given.length > networksPerCredentialMax)
    return refuse('invalid', `A credential has at most ${networksPerCredentialMax} networks.`)
  return Array.from(new Set(given.map(cleanNetwork)))
}

/** `192.0.2.0/24`, `2001:db8::/32`, or an address alone. */
function cleanNetwork(text: string): string {
  const [ip = '', prefix, ...more] = text.trim().toLowerCase().split('/')
  const bits = isIP(ip) === 4 ? 32 : 128
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
  if (isIP(ip) === 0 || ip.includes('%') || more.length > 0 || length < 0 || length > bits)
    return refuse('invalid', 'A network is an IP address, or one with a prefix length like 192.0.2.0/24.')
  return `${ip}/${length}`
}

export function checkSecret({ publicPart, hash }: NewSecret): void {
  if (publicPart === '' || publicPart.length > publicPartCharactersMax || !/^[\w-]+$/.test(publicPart))
    refuse('invalid', `A secret's public part has 1 to ${publicPartCharactersMax} letters and digits.`)
  if (hash.length < 16 || hash.length > hashBytesMax)
    refuse('invalid', `A secret's hash has 16 to ${hashBytesMax} bytes.`)
}
