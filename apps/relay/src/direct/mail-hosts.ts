/**
 * The hosts that take a domain's mail, in the order of their preference (RFC 5321 §5.1), each with the TLS that has to be there: as its
 * TLSA records say (RFC 7672), as the domain's MTA-STS policy says (RFC 8461), or whatever there is (RFC 7435); the last also where
 * the message says that neither is a reason to wait (RFC 8689 §4.2.2). A domain without MX
 * records is its own host; one whose only MX is the root takes no mail (RFC 7505).
 */
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { TlsUse } from '../smtp/open-session.js'
import { daneCheck, isUsable } from './dane.js'
import type { Mx } from './dns-message.js'
import { type MtaSts, policyNames } from './mta-sts.js'
import { LookupFailed, type NameServers } from './name-servers.js'
import { Unroutable } from './unroutable.js'

export interface MailHost {
  readonly exchange: string
  readonly priority: number
  readonly tls: TlsUse
  readonly checksCertificate: boolean
  readonly checkPeer: ((socket: TLSSocket) => string | undefined) | undefined
}

export interface HostsOptions {
  readonly names: NameServers
  readonly sts: MtaSts
  /** Our own name: a way over us, or over worse hosts than us, would be a loop. */
  readonly hostname: string
  readonly port: number
  readonly requireTls: boolean
  /** RFC 8689 §4.2.2. */
  readonly tlsOptional: boolean
  readonly clock: () => number
}

export async function mailHosts(domain: string, options: HostsOptions): Promise<readonly MailHost[]> {
  const literal = literalAddress(domain)
  if (literal !== undefined) return [anyTls({ exchange: literal, priority: 0 }, options, { isNamed: false })]
  const { hosts, isSecure } = await exchanges(domain, options)
  if (options.tlsOptional) return hosts.map((host) => anyTls(host, options, { isNamed: false }))
  const policy = await options.sts.enforcedFor(domain)
  const named = policy === undefined ? hosts : hosts.filter(({ exchange }) => policyNames(policy, exchange))
  if (named.length === 0)
    throw new Unroutable('deferred', '4.7.0', `The MTA-STS policy of ${domain} names none of its mail hosts`)
  const ways = await Promise.allSettled(
    named.map((host) => wayTo(host, { ...options, isSecure, hasPolicy: policy !== undefined })),
  )
  const open = ways.flatMap((way) => (way.status === 'fulfilled' ? [way.value] : []))
  const [refused] = ways.flatMap((way) => (way.status === 'rejected' ? [way.reason] : []))
  if (open.length === 0) throw refused
  return open
}

/** `[192.0.2.1]`, `[ipv6:2001:db8::1]` (RFC 5321 §4.1.3). */
function literalAddress(domain: string): string | undefined {
  const [, inside] = /^\[(?:ipv6:)?(.+)\]$/i.exec(domain) ?? []
  if (inside !== undefined && isIP(inside) === 0)
    throw new Unroutable('failed', '5.1.3', `${domain} is no address literal`)
  return inside
}

/** Each has three questions at least: a stranger's answer of a thousand hosts asks no thousands. */
const hostsLookedUpMax = 20

async function exchanges(domain: string, options: HostsOptions): Promise<{ hosts: readonly Mx[]; isSecure: boolean }> {
  const { records, isSecure, isNoName } = await answered(options.names.ask('MX', domain))
  if (isNoName) throw new Unroutable('failed', '5.1.2', `There is no domain ${domain}`)
  if (records.length === 0) return { hosts: [{ exchange: domain, priority: 0 }], isSecure }
  if (records.every(({ exchange }) => exchange === ''))
    throw new Unroutable('failed', '5.1.10', `${domain} takes no mail (null MX)`)
  const hosts = inOrder(records.filter(({ exchange }) => exchange !== ''))
  const own = hosts.find(({ exchange }) => exchange === options.hostname.toLowerCase())
  const better = hosts.filter(({ priority }) => own === undefined || priority < own.priority)
  if (better.length === 0)
    throw new Unroutable(
      'failed',
      '5.4.6',
      `Mail for ${domain} would come back here: this server is its best mail host`,
    )
  return { hosts: better.slice(0, hostsLookedUpMax), isSecure }
}

/** RFC 5321 §5.1: those of equal preference in random order. */
function inOrder(hosts: readonly Mx[]): readonly Mx[] {
  const drawn = hosts.map((host) => ({ host, lot: Math.random() }))
  return drawn.sort((a, b) => a.host.priority - b.host.priority || a.lot - b.lot).map(({ host }) => host)
}

interface Known extends HostsOptions {
  /** The MX records are genuine. */
  readonly isSecure: boolean
  readonly hasPolicy: boolean
}

/** RFC 7672 §2.2: TLSA records count where the way to them is genuine from the MX records on. */
async function wayTo(host: Mx, options: Known): Promise<MailHost> {
  const { names, port, clock } = options
  const isGenuine = options.isSecure && (await isSecureAddress(host.exchange, names))
  const tlsa = isGenuine ? await answered(names.ask('TLSA', `_${port}._tcp.${host.exchange}`)) : undefined
  const records = tlsa?.isSecure ? tlsa.records : []
  const usable = records.filter(isUsable)
  if (usable.length > 0) {
    const checkPeer = daneCheck(usable, { host: host.exchange, now: clock })
    return { ...host, tls: 'required', checksCertificate: false, checkPeer }
  }
  const isNamed = options.hasPolicy || options.isSecure
  const way = anyTls(host, options, { isNamed })
  if (options.hasPolicy) return { ...way, tls: 'required', checksCertificate: true }
  // Records that nobody can use still say that there is TLS (RFC 7672 §2.2).
  return records.length > 0 && way.tls === 'offered' ? { ...way, tls: 'required' } : way
}

/** RFC 8689 §4.2.1: REQUIRETLS asks for a host that is named for certain and has a good certificate. */
function anyTls(host: Mx, options: HostsOptions, { isNamed }: { readonly isNamed: boolean }): MailHost {
  if (!options.requireTls) return { ...host, tls: 'offered', checksCertificate: false, checkPeer: undefined }
  if (!isNamed)
    throw new Unroutable(
      'failed',
      '5.7.30',
      'REQUIRETLS was asked for, and neither DNSSEC nor MTA-STS vouches for the mail host',
    )
  return { ...host, tls: 'required', checksCertificate: true, checkPeer: undefined }
}

async function isSecureAddress(exchange: string, names: NameServers): Promise<boolean> {
  const [v4, v6] = await Promise.all([answered(names.ask('A', exchange)), answered(names.ask('AAAA', exchange))])
  const there = [v4, v6].filter(({ records }) => records.length > 0)
  return there.length > 0 && there.every(({ isSecure }) => isSecure)
}

async function answered<T>(question: Promise<T>): Promise<T> {
  try {
    return await question
  } catch (error) {
    if (error instanceof LookupFailed) throw new Unroutable('deferred', '4.4.3', error.message)
    throw error
  }
}
