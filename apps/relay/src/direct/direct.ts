/**
 * The way out to the hosts that a recipient's domain names (RFC 5321 §5): one after the other until one takes the session, the next one
 * also where the first is busy or broken. TLS as `mail-hosts.ts` says: required and checked where the domain says so, else taken
 * where it's offered, whatever the certificate (RFC 7435), and gone without where the handshake fails.
 */
import { isIP } from 'node:net'
import type { DirectRoute } from '@postern/routing'
import { transportLimits } from '../limits.js'
import { connectTo } from '../smtp/connect-to.js'
import { untilAborted } from '../smtp/deadline.js'
import { openSession } from '../smtp/open-session.js'
import { SessionFailure } from '../smtp/session-failure.js'
import { SessionPool } from '../smtp/session-pool.js'
import { type SmtpSession, StaleSession } from '../smtp/smtp-session.js'
import { sameForAll, withoutSession } from '../smtp/undelivered.js'
import type { Parcel, Sent, Transport } from '../transport.js'
import type { TransportDeps } from '../transport-deps.js'
import { mailHosts } from './mail-hosts.js'
import { createMtaSts, KeptPolicies } from './mta-sts.js'
import { nameServers } from './name-servers.js'
import { type Reached, reach } from './reach.js'
import { Unroutable } from './unroutable.js'

interface Tried {
  readonly session: SmtpSession | undefined
  readonly sent: readonly Sent[]
}

/** What was opened with less care than another message needs is not for that one. */
function keyOf({ requireTls, tlsOptional }: Parcel, domain: string): string {
  if (requireTls) return `${domain} REQUIRETLS`
  return tlsOptional ? `${domain} TLS-Required: No` : domain
}

export function createDirect(route: DirectRoute, deps: TransportDeps): Transport {
  const limits = { ...transportLimits, ...deps.limits }
  const pool = new SessionPool(limits)
  const names = nameServers(deps.dnsServers)
  const { allowsPrivateAddresses, authorities, hostname, clock = Date.now, policyPort = 443, policies } = deps
  const kept = policies ?? new KeptPolicies()
  const sts = createMtaSts({ names, allowsPrivateAddresses, authorities, clock, port: policyPort, kept })

  return {
    async send(parcel, { signal }) {
      const { domain } = parcel.recipients[0]!
      const key = keyOf(parcel, domain)
      let used: SmtpSession | undefined
      try {
        await pool.enter(key, signal)
      } catch (error) {
        return withoutSession(parcel, error)
      }
      try {
        const tried = (await onKeptSession(parcel, { key, signal })) ?? (await onNewSession(parcel, { domain, signal }))
        used = tried.session
        return tried.sent
      } catch (error) {
        if (error instanceof Unroutable) return sameForAll(parcel, error.verdict)
        if (error instanceof SessionFailure || signal.aborted) return withoutSession(parcel, error)
        throw error
      } finally {
        pool.leave(key, used)
      }
    },
    async close() {
      pool.close()
    },
  }

  async function onKeptSession(parcel: Parcel, how: { key: string; signal: AbortSignal }): Promise<Tried | undefined> {
    for (let session = pool.takeIdle(how.key); session !== undefined; session = pool.takeIdle(how.key)) {
      try {
        return { session, sent: await session.send(parcel, how) }
      } catch (error) {
        session.destroy()
        if (!(error instanceof StaleSession)) throw error
      }
    }
    return undefined
  }

  /** Host after host, until one has something to say about the recipients. */
  async function onNewSession(parcel: Parcel, how: { domain: string; signal: AbortSignal }): Promise<Tried> {
    const { requireTls, tlsOptional } = parcel
    const asking = mailHosts(how.domain, { names, sts, hostname, port: route.port, requireTls, tlsOptional, clock })
    const hosts = await untilAborted(asking, how.signal)
    const tried: string[] = []
    let last: { readonly sent: readonly Sent[] } | undefined
    while (tried.length < limits.hostsMax) {
      let reached: Reached
      try {
        const about = {
          ...how,
          names,
          allowsPrivateAddresses,
          tried,
          port: route.port,
          timeoutMs: limits.connectTimeoutMs,
        }
        reached = await reach(hosts, about)
      } catch (error) {
        if (last === undefined || how.signal.aborted) throw error
        break
      }
      tried.push(reached.address)
      const now = await onHost(parcel, { reached, signal: how.signal })
      if (now.session !== undefined || how.signal.aborted) return now
      // What a host says that may be asked again weighs more than one that takes no mail at all.
      if (last === undefined || last.sent.every(({ kind }) => kind === 'failed')) last = now
    }
    return { session: undefined, sent: last!.sent }
  }

  /** Without a session where the next host may be asked. */
  async function onHost(parcel: Parcel, how: { reached: Reached; signal: AbortSignal }): Promise<Tried> {
    try {
      const session = await openOn(how.reached, how.signal)
      const sent = await session.send(parcel, how)
      const isBusy = sent.every((one) => one.kind === 'deferred' && one.code === '421')
      if (isBusy) session.destroy()
      return { session: isBusy ? undefined : session, sent }
    } catch (error) {
      if (error instanceof SessionFailure || how.signal.aborted)
        return { session: undefined, sent: withoutSession(parcel, error) }
      throw error
    }
  }

  async function openOn({ socket, host, address }: Reached, signal: AbortSignal): Promise<SmtpSession> {
    const { exchange } = host
    const remote = isIP(exchange) ? exchange : `${exchange} [${address}]`
    const common = { ...host, host: exchange, remote, greetAs: hostname, authorities, limits, signal }
    try {
      return await openSession(socket, common)
    } catch (error) {
      const isLoose = error instanceof SessionFailure && error.step === 'tls' && host.tls === 'offered'
      if (!isLoose || signal.aborted) throw error
      deps.logger.info({ remote, why: error.message }, 'the mail host offers TLS that does not work: sent without')
      const place = { host: address, port: route.port }
      const again = await connectTo(place, { dnsServers: [], timeoutMs: limits.connectTimeoutMs, signal })
      return openSession(again, { ...common, tls: 'none' })
    }
  }
}
