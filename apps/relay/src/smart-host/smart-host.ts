/**
 * The way out through one mail server that takes everything (contract E2): a submission with TLS and login (RFC 6409), on kept
 * connections. A wrong password or certificate is this side's trouble: the mail waits and the log says it loudly.
 */
import type { SmartHost } from '@postern/routing'
import { transportLimits } from '../limits.js'
import { SessionFailure } from '../smtp/session-failure.js'
import { SessionPool } from '../smtp/session-pool.js'
import { type SmtpSession, StaleSession } from '../smtp/smtp-session.js'
import { withoutSession } from '../smtp/undelivered.js'
import type { Sent, Transport } from '../transport.js'
import type { TransportDeps } from '../transport-deps.js'
import { openSmartHost } from './open-smart-host.js'

export function createSmartHost(route: SmartHost, deps: TransportDeps): Transport {
  const limits = { ...transportLimits, ...deps.limits }
  const pool = new SessionPool(limits)
  /** Any session but one that the server has left meanwhile. */
  const sendOn = async (parcel: Parameters<Transport['send']>[0], signal: AbortSignal) => {
    for (;;) {
      const kept = pool.takeIdle('')
      const session = kept ?? (await openSmartHost(route, { deps, signal }))
      try {
        return { session, sent: await session.send(parcel, { signal }) }
      } catch (error) {
        session.destroy()
        if (!(error instanceof StaleSession) || kept === undefined) throw error
      }
    }
  }

  return {
    async send(parcel, { signal }) {
      let used: SmtpSession | undefined
      try {
        await pool.enter('', signal)
      } catch (error) {
        return withoutSession(parcel, error)
      }
      try {
        const { session, sent } = await sendOn(parcel, signal)
        used = session
        return sent.map(unlessOurs)
      } catch (error) {
        if (!(error instanceof SessionFailure) && !signal.aborted) throw error
        if (error instanceof SessionFailure) warn(error)
        return withoutSession(parcel, error)
      } finally {
        pool.leave('', used)
      }
    },
    async close() {
      pool.close()
    },
  }

  /** A host that wants a login or TLS first says nothing of the recipient (RFC 4954 §6, RFC 3207 §4): the mail waits. */
  function unlessOurs(sent: Sent): Sent {
    if (sent.kind !== 'failed' || sent.code !== '530') return sent
    const about = { host: route.host, port: route.port, reply: sent.code, why: sent.text }
    deps.logger.error(about, 'the smart host lets no mail through: check its route')
    return { ...sent, kind: 'deferred', status: '4.7.0' }
  }

  function warn(failure: SessionFailure): void {
    const about = { host: route.host, port: route.port, reply: failure.reply?.code, why: failure.message }
    // A host that is busy has no wrong route.
    const isBusy = failure.step === 'refused' && failure.reply?.code.startsWith('4') === true
    if (failure.step === 'connect') deps.logger.warn(about, 'the smart host was not reached')
    else if (isBusy) deps.logger.warn(about, 'the smart host takes no mail now')
    else deps.logger.error({ ...about, step: failure.step }, 'the smart host lets no mail through: check its route')
  }
}
