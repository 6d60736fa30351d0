// SPF: whether the client may send for the domain of MAIL FROM, or for its own name where there's no sender (RFC 7208 §2.4). Only where
// the client is known: what another server of ours or a provider handed over came from its address, and the one before it counts only where
// whoever handed the message over says under their signature which it was, or what SPF said of it.

import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { spf } from 'mailauth'
import type { Arrival } from '../arrival.js'
import type { Spf, SpfResult } from './checks.js'
import type { AskDns } from './name-lookups.js'

export async function senderPath(
  arrival: Arrival,
  { ask, hostname }: { readonly ask: AskDns; readonly hostname: string },
): Promise<Spf | undefined> {
  const { sender, before } = arrival
  const { helo, address } = senderOf(arrival)
  const told = before?.spf
  // Whose HELO it was about isn't told.
  if (told !== undefined && sender !== '')
    return { ...told, domain: domainOf(sender), property: 'mailfrom', value: sender }
  if (address === undefined || isIP(address) === 0) return undefined
  const ip = unmapped(address)
  const at = sender.lastIndexOf('@')
  const name = at < 0 ? (helo ?? '') : sender.slice(at + 1)
  const domain = domainOf(name)
  const facts = {
    domain,
    property: at < 0 ? ('helo' as const) : ('mailfrom' as const),
    value: at < 0 ? name : sender,
  }
  if (domain === '') return { ...facts, result: 'none' }
  const from = at < 0 ? '' : `${sender.slice(0, at)}@${domain}`
  const { status } = await spf({ sender: from, ip, helo: helo ?? `[${ip}]`, mta: hostname, resolver: ask })
  return { ...facts, result: resultOf(status.result) }
}

/** The server that SPF is about. */
export function senderOf({ via, helo, clientAddress, before }: Arrival): {
  readonly address?: string | undefined
  readonly helo?: string | undefined
} {
  if (via === 'smtp') return { address: clientAddress, helo }
  return via === 'ingest' ? (before?.client ?? {}) : {}
}

const domainOf = (name: string): string => domainToASCII(name.slice(name.lastIndexOf('@') + 1)).toLowerCase()

const results: readonly string[] = ['pass', 'fail', 'softfail', 'neutral', 'none', 'temperror', 'permerror']

const isSpfResult = (result: string): result is SpfResult => results.includes(result)

const resultOf = (result: string): SpfResult => (isSpfResult(result) ? result : 'temperror')

/** RFC 7208 §5: an IPv4 address that is written as an IPv6 one is an IPv4 address. */
export function unmapped(address: string): string {
  const [, dotted] = /^(?:0{0,4}:){2,5}ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (dotted !== undefined) return dotted
  const [, high, low] = /^(?:0{0,4}:){2,5}ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address) ?? []
  if (high === undefined || low === undefined) return address
  return [high, low].flatMap((pair) => [Number.parseInt(pair, 16) >> 8, Number.parseInt(pair, 16) & 255]).join('.')
}
