/** A session with a smart host: connected, secured as its route says, logged in (RFC 6409 §4.3). */
import { isIP } from 'node:net'
import type { SmartHost } from '@postern/routing'
import { transportLimits } from '../limits.js'
import { connectTo } from '../smtp/connect-to.js'
import { openSession } from '../smtp/open-session.js'
import type { SmtpSession } from '../smtp/smtp-session.js'
import type { TransportDeps } from '../transport-deps.js'

export type SmartHostDeps = Pick<TransportDeps, 'hostname' | 'dnsServers' | 'authorities' | 'limits'>

/** Throws a SessionFailure. */
export async function openSmartHost(
  route: SmartHost,
  { deps, signal }: { readonly deps: SmartHostDeps; readonly signal: AbortSignal },
): Promise<SmtpSession> {
  const limits = { ...transportLimits, ...deps.limits }
  const login = route.user === undefined ? undefined : { user: route.user, secret: route.secret ?? '' }
  const socket = await connectTo(route, { dnsServers: deps.dnsServers, timeoutMs: limits.connectTimeoutMs, signal })
  return openSession(socket, {
    host: route.host,
    remote: isIP(route.host) ? route.host : `${route.host} [${socket.remoteAddress}]`,
    greetAs: deps.hostname,
    tls: route.tls,
    checksCertificate: route.tls === 'implicit' || route.tls === 'required' || login !== undefined,
    authorities: deps.authorities,
    login,
    limits,
    signal,
  })
}

/** Goes as far as to where a message would begin, and leaves. Throws a SessionFailure where the host lets no mail through. */
export async function trySmartHost(
  route: SmartHost,
  options: { readonly deps: SmartHostDeps; readonly signal: AbortSignal },
): Promise<{ readonly remote: string; readonly isSecure: boolean }> {
  const session = await openSmartHost(route, options)
  const { remote, isSecure } = session
  session.quit()
  return { remote, isSecure }
}
