// A check of every route that is in use: a smart host is asked whether it lets mail through, up to where a message would begin;
// of an API the keys' form is looked at, since asking would be sending; straight to MX hosts there has to be a name server.

import type { Config } from '@postern/config'
import type { Directory } from '@postern/mailbox-store'
import { type FailedStep, SessionFailure, trySmartHost } from '@postern/relay'
import { type Route, type SmartHost, showRoute, writeRoute } from '@postern/routing'
import { Failure } from '@postern/service'
import { type Lookup, LookupFailed } from '../dns/lookup.js'
import { doctor as limits } from '../limits.js'
import { everyItem } from '../pages.js'
import { nameOf, type RouteOwner, type SealedRecords } from '../sending/sealed-records.js'
import { broken, type Finding, ok, skipped, warning } from './finding.js'

export interface RoutesCheck {
  readonly config: Config
  readonly directory: Directory
  readonly lookup: Lookup
  /** Asked where there's something to open. */
  readonly sealed: () => Promise<SealedRecords>
}

interface Used {
  readonly route: Route
  /** Who sends by it. */
  readonly by: string[]
}

export async function checkRoutes(check: RoutesCheck): Promise<Finding[]> {
  const { used, unusable } = await routesInUse(check)
  const ways = used.filter(({ route }) => route.kind !== 'none')
  if (ways.length + unusable.length === 0)
    return [
      skipped(
        'route',
        'None is set: mail to other servers is refused.',
        'Set POSTERN_ROUTE, or `postern domain route <domain> …`.',
      ),
    ]
  const findings = await Promise.all(ways.slice(0, limits.routesMax).map((way) => checkRoute(way, check)))
  const rest = ways.length - findings.length
  return [...unusable, ...findings, ...(rest > 0 ? [skipped('route', `${rest} more routes were not looked at.`)] : [])]
}

async function routesInUse({ config, directory, sealed }: RoutesCheck): Promise<{ used: Used[]; unusable: Finding[] }> {
  const used = new Map<string, Used>()
  const unusable: Finding[] = []
  const add = (route: Route, by: string): void => {
    const text = writeRoute(route)
    const known = used.get(text)
    if (known === undefined) used.set(text, { route, by: [by] })
    else known.by.push(by)
  }
  add(config.route, 'POSTERN_ROUTE')
  for await (const owner of ownersOf(directory)) {
    try {
      const route = (await sealed()).routeOf(owner)
      if (route !== undefined) add(route, nameOf(owner))
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      unusable.push(broken(`route of ${nameOf(owner)}`, error.message, error.fix))
    }
  }
  return { used: [...used.values()], unusable }
}

async function* ownersOf(directory: Directory): AsyncIterable<RouteOwner> {
  for await (const domain of everyItem((page) => directory.listDomains(page)))
    if (domain.route !== undefined) yield domain
  yield* everyItem((page) => directory.listInboxes({ routed: true, ...page }))
}

const namesMax = 3

async function checkRoute({ route, by }: Used, { config, lookup }: RoutesCheck): Promise<Finding> {
  const names =
    by.length > namesMax ? `${by.slice(0, namesMax).join(', ')} and ${by.length - namesMax} more` : by.join(', ')
  const check = `route ${showRoute(route)} (${names})`
  switch (route.kind) {
    case 'none':
      return skipped(check, 'Mail to other servers is refused.')
    case 'smart-host':
      return checkSmartHost(route, { check, config })
    case 'ses':
      if (/^AKIA[A-Z0-9]{16}$/.test(route.accessKeyId) && route.secretAccessKey.length === 40)
        return ok(check, 'Its keys have the right form; whether they are good shows when something is sent.')
      return warning(check, 'Its keys do not look like those of Amazon: AKIA… and 40 characters.', newRoute)
    case 'resend':
      if (route.apiKey.startsWith('re_'))
        return ok(check, 'Its key has the right form; whether it is good shows when something is sent.')
      return warning(check, 'Its key does not look like one of Resend: they begin with re_.', newRoute)
    case 'direct':
      return checkNameServer(check, { config, lookup })
  }
}

const newRoute = 'Look at the route: POSTERN_ROUTE, `postern domain route`, `postern inbox route`.'

async function checkSmartHost(
  route: SmartHost,
  { check, config }: { check: string; config: Config },
): Promise<Finding> {
  const startedMs = performance.now()
  try {
    const signal = AbortSignal.timeout(limits.routeTimeoutMs)
    const deps = { hostname: config.hostname, dnsServers: config.dnsServers }
    const { remote, isSecure } = await trySmartHost(route, { deps, signal })
    const what = `${isSecure ? 'TLS' : 'No TLS'}${route.user === undefined ? '' : ', login accepted'}`
    return ok(check, `${remote} lets mail through: ${what}, in ${Math.round(performance.now() - startedMs)} ms.`)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const step = error instanceof SessionFailure ? error.step : 'connect'
    return broken(check, `It lets no mail through: ${why.replace(/\.$/, '')}.`, fixes[step])
  }
}

const fixes: Readonly<Record<FailedStep, string>> = {
  connect: 'Look at host and port of the route, and at the firewall.',
  refused: 'Ask who runs that server: it does not want to talk to this machine.',
  tls: 'Look at the host name of the route: the certificate must be for it, and of an authority that is known here.',
  login: 'Look at user name and password of the route.',
  policy: 'Write smtps:// or another port, if that server has TLS there; ?tls=none only inside your own network.',
}

/** Any name will do: an answer that there is none is an answer. */
async function checkNameServer(
  check: string,
  { config, lookup }: { config: Config; lookup: Lookup },
): Promise<Finding> {
  try {
    await lookup('MX', config.hostname)
    return ok(check, 'A name server answers; whether port 25 is open to the outside shows when something is sent.')
  } catch (error) {
    if (!(error instanceof LookupFailed)) throw error
    return broken(
      check,
      'No name server answers: no MX host can be found.',
      'Check the network of this machine, or set POSTERN_DNS_SERVERS.',
    )
  }
}
