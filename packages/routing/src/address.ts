/**
 * The address in a route: `[user:password@]host[:port]`, taken apart and checked. Nothing is looked up: whether
 * a host exists shows when it's asked.
 */
import { decodePercent } from './percent.js'
import { RouteMistake } from './route-mistake.js'

export interface HostAndPort {
  /** In lower case; an IPv6 address without its brackets. */
  readonly host: string
  readonly port: number | undefined
}

export interface Login {
  readonly user: string
  readonly secret: string
}

/** What a shown route has in place of a secret. */
export const hidden = '***'

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
const hostName = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})*$`)
const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/
const likeIpv4 = /^[\d.]+$/

/** userinfo = user ":" password */
export function splitLogin(authority: string, example: string): { login: Login | undefined; address: string } {
  const at = authority.indexOf('@')
  if (at < 0) return { login: undefined, address: authority }
  if (authority.indexOf('@', at + 1) > 0)
    throw new RouteMistake('has more than one @', 'Write an @ of the user name or the password as %40.')
  const [user = '', secret, ...more] = authority.slice(0, at).split(':')
  if (more.length > 0)
    throw new RouteMistake('has a : in its user name or password', 'Write a : of either of them as %3A.')
  if (user === '' || secret === undefined || secret === '')
    throw new RouteMistake('names a user without a password, or a password without a user', `Write ${example}.`)
  if (secret === hidden)
    throw new RouteMistake(`has ${hidden} for a secret, as a shown route has`, 'Write the secret itself in its place.')
  const login = { user: decodePercent(user, 'user name'), secret: decodePercent(secret, 'password') }
  return { login, address: authority.slice(at + 1) }
}

/** host [ ":" port ] */
export function readHostAndPort(address: string, example: string): HostAndPort {
  const [, six, name = '', port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(address) ?? notOneAddress(example)
  return { host: six === undefined ? readHost(name, example) : readIpv6(six), port: readPort(port) }
}

function notOneAddress(example: string): never {
  throw new RouteMistake('does not name one host', `Write ${example}, an IPv6 address in brackets.`)
}

function readHost(name: string, example: string): string {
  const host = name.toLowerCase().replace(/\.$/, '')
  if (host === '') throw new RouteMistake('names no host', `Write ${example}.`)
  if (likeIpv4.test(host) ? !ipv4.test(host) : !hostName.test(host))
    throw new RouteMistake(
      'names a host that no host can be called',
      'Write a host name, with xn-- where it has other letters, or an IP address.',
    )
  return host
}

function readIpv6(text: string): string {
  const [head = '', tail, ...more] = text.toLowerCase().split('::')
  const groups = [head, tail ?? ''].flatMap((part) => (part === '' ? [] : part.split(':')))
  const isWhole = tail === undefined ? groups.length === 8 : groups.length < 8
  if (more.length > 0 || !isWhole || !groups.every((group) => /^[0-9a-f]{1,4}$/.test(group)))
    throw new RouteMistake('has no IPv6 address in its brackets', 'Write it as in [2001:db8::25].')
  return text.toLowerCase()
}

export function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535)
    throw new RouteMistake('has no port behind its last :', 'Write a number from 1 to 65535, or leave the : out.')
  return port
}

export const writeHostAndPort = ({ host, port }: { host: string; port: number }): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
