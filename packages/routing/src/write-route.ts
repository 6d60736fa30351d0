/** A route as text again: whole, as `readRoute` reads it and as it's sealed, or shown, with *** where its secrets are. */
import { hidden, writeHostAndPort } from './address.js'
import { encodePercent } from './percent.js'
import type { Route, SmartHost } from './route.js'

export const writeRoute = (route: Route): string => write(route, encodePercent)

/** For people: no secret is in it, and `readRoute` refuses it where one is left out. */
export const showRoute = (route: Route): string => write(route, () => hidden)

function write(route: Route, secret: (text: string) => string): string {
  switch (route.kind) {
    case 'none':
      return 'none'
    case 'direct':
      return route.port === 25 ? 'direct' : `direct:${route.port}`
    case 'smart-host':
      return writeSmartHost(route, secret)
    case 'ses':
      return `ses://${route.accessKeyId}:${secret(route.secretAccessKey)}@${route.region}${endpoint(route.endpoint)}`
    case 'resend':
      return `resend://${secret(route.apiKey)}${endpoint(route.endpoint)}`
  }
}

function writeSmartHost({ host, port, tls, ...login }: SmartHost, secret: (text: string) => string): string {
  const { user, secret: password } = login
  const known = user === undefined || password === undefined ? '' : `${encodePercent(user)}:${secret(password)}@`
  const scheme = tls === 'implicit' ? 'smtps' : 'smtp'
  const weaker = tls === 'offered' || tls === 'none' ? `?tls=${tls}` : ''
  return `${scheme}://${known}${writeHostAndPort({ host, port })}${weaker}`
}

const endpoint = (url: string | undefined): string => (url === undefined ? '' : `?endpoint=${encodePercent(url)}`)
