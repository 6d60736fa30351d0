/**
 * Reads a route as people write it: in POSTERN_ROUTE, or for a domain or an inbox.
 *
 *     route      = "none" / "direct" [":" port] / smart-host / ses / resend
 *     smart-host = ("smtp" / "smtps") "://" [user ":" password "@"] host [":" port] ["?tls=" ("required" / "offered" / "none")]
 *     ses        = "ses://" access-key ":" secret "@" region ["?endpoint=" url]
 *     resend     = "resend://" api-key ["?endpoint=" url]
 *
 * What is wrong is told with what to write instead, and never with a piece of what was written.
 */
import { hidden, readHostAndPort, readPort, splitLogin } from './address.js'
import { decodePercent } from './percent.js'
import type { ResendRoute, Route, SesRoute, SmartHost, SmartHostTls } from './route.js'
import { RouteMistake } from './route-mistake.js'

export const routeCharactersMax = 2_000

const forms =
  'Write none, direct, smtp://user:password@host:587, smtps://user:password@host:465, ses://ACCESS_KEY:SECRET@region or resend://API_KEY.'
const defaultPorts = { direct: 25, smtp: 587, smtps: 465 } as const
const examples = {
  smtp: 'smtp://user:password@host:587',
  smtps: 'smtps://user:password@host:465',
  ses: 'ses://ACCESS_KEY:SECRET@eu-central-1',
  resend: 'resend://API_KEY',
} as const

type Scheme = keyof typeof examples

interface Pieces {
  readonly authority: string
  readonly parameters: ReadonlyMap<string, string>
}

export function readRoute(given: string): Route {
  const text = given.trim()
  if (text.length > routeCharactersMax) throw new RouteMistake(`has more than ${routeCharactersMax} characters`, forms)
  if (/[\s\p{Cc}]/u.test(text)) throw new RouteMistake('has a blank in it', 'Write a blank of a password as %20.')
  if (/^none$/i.test(text)) return { kind: 'none' }
  const [direct, port] = /^direct(?::(.*))?$/i.exec(text) ?? []
  if (direct !== undefined) return { kind: 'direct', port: readPort(port) ?? defaultPorts.direct }
  const [, scheme, rest] = /^(smtps?|ses|resend):\/\/(.*)$/i.exec(text) ?? []
  if (scheme === undefined || rest === undefined) throw new RouteMistake('is none of the known routes', forms)
  return read(scheme.toLowerCase() as Scheme, rest)
}

function read(scheme: Scheme, rest: string): Route {
  switch (scheme) {
    case 'smtp':
      return readSmtp(split(rest, ['tls']))
    case 'smtps':
      return readSmtps(split(rest, []))
    case 'ses':
      return readSes(split(rest, ['endpoint']))
    case 'resend':
      return readResend(split(rest, ['endpoint']))
  }
}

/** [ authority ] [ "/" ] [ "?" parameters ] */
function split(rest: string, known: readonly string[]): Pieces {
  const [, authority = '', path = '', query] = /^([^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(rest) ?? []
  const end = authority.length + path.length + (query === undefined ? 0 : query.length + 1)
  if (!authority.includes('@') && rest.slice(authority.length).includes('@'))
    throw new RouteMistake(
      'has a character in its user name or password that ends them',
      'Write / as %2F, ? as %3F and # as %23.',
    )
  if (end < rest.length || !['', '/'].includes(path))
    throw new RouteMistake('has something behind its host that does not belong there', 'Leave out what stands there.')
  return { authority, parameters: readParameters(query ?? '', known) }
}

function readParameters(query: string, known: readonly string[]): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const parameter of query.split('&').filter(Boolean)) {
    const [name = '', ...value] = parameter.split('=')
    if (!known.includes(name))
      throw new RouteMistake(
        'has a parameter that is unknown there',
        known.length === 0 ? 'Leave out what stands behind the ?.' : `Known is ?${known.join(', ?')}= alone.`,
      )
    if (parameters.has(name)) throw new RouteMistake(`has ${name}= twice`, 'Keep one of the two.')
    parameters.set(name, decodePercent(value.join('='), name))
  }
  return parameters
}

function readSmtp({ authority, parameters }: Pieces): SmartHost {
  const route = readSmartHost({ authority, scheme: 'smtp', tls: readTls(parameters.get('tls')) })
  if (route.port === defaultPorts.smtps)
    throw new RouteMistake('is smtp:// on port 465, where TLS begins at once', `Write ${examples.smtps}.`)
  return route
}

function readSmtps({ authority }: Pieces): SmartHost {
  const route = readSmartHost({ authority, scheme: 'smtps', tls: 'implicit' })
  if (route.port === 587 || route.port === 25)
    throw new RouteMistake(`is smtps:// on port ${route.port}, which begins in clear`, `Write ${examples.smtp}.`)
  return route
}

function readSmartHost(given: { authority: string; scheme: 'smtp' | 'smtps'; tls: SmartHostTls }): SmartHost {
  const { authority, scheme, tls } = given
  const { login, address } = splitLogin(authority, examples[scheme])
  const { host, port = defaultPorts[scheme] } = readHostAndPort(address, examples[scheme])
  return { kind: 'smart-host', host, port, tls, user: login?.user, secret: login?.secret }
}

function readTls(value: string | undefined): SmartHostTls {
  if (value === undefined || value === 'required') return 'required'
  if (value === 'offered' || value === 'none') return value
  throw new RouteMistake(
    'has an unknown word behind tls=',
    'Write required, offered or none; for TLS from the first byte write smtps://.',
  )
}

function readSes({ authority, parameters }: Pieces): SesRoute {
  const { login, address: region } = splitLogin(authority, examples.ses)
  if (login === undefined) throw new RouteMistake('has no keys', `Write ${examples.ses}.`)
  if (!/^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/.test(region))
    throw new RouteMistake('names no region behind its @', `Write ${examples.ses}.`)
  if (!/^\w{16,128}$/.test(login.user))
    throw new RouteMistake('has no access key id before its :', `Write ${examples.ses}.`)
  if (login.user.startsWith('ASIA'))
    throw new RouteMistake(
      'has keys that end after some hours',
      'Write those of a user that may send, whose id begins with AKIA.',
    )
  const { user: accessKeyId, secret: secretAccessKey } = login
  return { kind: 'ses', region, accessKeyId, secretAccessKey, endpoint: readEndpoint(parameters) }
}

function readResend({ authority, parameters }: Pieces): ResendRoute {
  if (authority === '' || /[@:]/.test(authority))
    throw new RouteMistake('has no API key alone behind resend://', `Write ${examples.resend}.`)
  if (authority === hidden)
    throw new RouteMistake(`has ${hidden} for a secret, as a shown route has`, 'Write the secret itself in its place.')
  return { kind: 'resend', apiKey: decodePercent(authority, 'key'), endpoint: readEndpoint(parameters) }
}

/** An http or https address without a login; without a slash at its end. */
function readEndpoint(parameters: ReadonlyMap<string, string>): string | undefined {
  const given = parameters.get('endpoint')
  if (given === undefined) return undefined
  const example = 'endpoint=https://host:port'
  const [, scheme, address, path = ''] = /^(https?):\/\/([^/?#@]+)(\/[^?#]*)?$/i.exec(given) ?? []
  if (scheme === undefined || address === undefined)
    throw new RouteMistake('has an endpoint that is no http or https address', `Write ${example}.`)
  readHostAndPort(address, example)
  return `${scheme.toLowerCase()}://${address}${path.replace(/\/+$/, '')}`
}
