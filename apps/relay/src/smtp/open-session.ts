/**
 * From a connected socket to a session that takes MAIL: TLS at once or by STARTTLS (RFC 8314, RFC 3207), greeting, EHLO, the
 * check of the certificate, login (RFC 4954). Whatever goes wrong is a SessionFailure, and the socket is gone.
 */
import type { Socket } from 'node:net'
import { type ConnectionOptions, TLSSocket } from 'node:tls'
import type { TransportLimits } from '../limits.js'
import { reasonOf, within } from './deadline.js'
import { EsmtpConnection } from './esmtp-connection.js'
import { oneLine, parseReply } from './reply.js'
import { SessionFailure } from './session-failure.js'
import { SmtpSession } from './smtp-session.js'

/** `implicit`: from the first byte. `required`: STARTTLS or nothing. `offered`: STARTTLS where it's offered. */
export type TlsUse = 'implicit' | 'required' | 'offered' | 'none'

export interface SessionOptions {
  /** The name in the certificate, and in SNI. */
  readonly host: string
  /** As answers name it: `mx.example.org [192.0.2.1]`. */
  readonly remote: string
  /** Our own name. */
  readonly greetAs: string
  readonly tls: TlsUse
  /** Certificate and name have to be good; without it any certificate will do (RFC 7435). */
  readonly checksCertificate: boolean
  /** Another check in place of that (DANE): says what is wrong. */
  readonly checkPeer?: ((socket: TLSSocket) => string | undefined) | undefined
  /** Authorities in place of Node's own, PEM. */
  readonly authorities?: readonly string[] | undefined
  readonly login?: { readonly user: string; readonly secret: string } | undefined
  readonly limits: TransportLimits
  readonly signal: AbortSignal
}

export async function openSession(socket: Socket, options: SessionOptions): Promise<SmtpSession> {
  const connection = new EsmtpConnection({
    ...{ connection: socket, name: options.greetAs, host: options.host, tls: tlsOptions(options) },
    ...{
      secure: options.tls === 'implicit',
      requireTLS: options.tls === 'required',
      ignoreTLS: options.tls === 'none',
    },
    ...{ opportunisticTLS: options.tls === 'offered' },
    connectionTimeout: options.limits.setUpTimeoutMs,
    greetingTimeout: options.limits.setUpTimeoutMs,
    socketTimeout: options.limits.replyTimeoutMs,
    socketCloseTimeout: 1_000,
    maxResponseSize: options.limits.replyBytesMax,
  })
  const session = new SmtpSession(connection, { socket, remote: options.remote, limits: options.limits })
  try {
    const limit = { timeoutMs: options.limits.setUpTimeoutMs, signal: options.signal, what: 'The greeting' }
    await within(limit, async (signal) => {
      await session.until(signal, (settle) => connection.connect(settle))
      session.isVerified = checkedPeer(connection, options)
      if (options.login !== undefined) await logIn(session, { connection, signal, options, login: options.login })
    })
    return session
  } catch (error) {
    const isInHandshake = connection.upgrading === true
    session.destroy()
    throw failureOf(error, { options, isInHandshake })
  }
}

const tlsOptions = (options: SessionOptions): ConnectionOptions => ({
  minVersion: 'TLSv1.2',
  rejectUnauthorized: options.checksCertificate && options.checkPeer === undefined,
  ...(options.authorities === undefined ? {} : { ca: [...options.authorities] }),
})

/** True where TLS is there and the certificate is good, whether or not that was asked for. */
function checkedPeer(connection: EsmtpConnection, options: SessionOptions): boolean {
  const socket = connection._socket
  if (!(socket instanceof TLSSocket)) return false
  if (options.checkPeer === undefined) return socket.authorized
  const wrong = options.checkPeer(socket)
  if (wrong !== undefined) throw new SessionFailure('tls', wrong, { status: '4.7.5', remote: options.remote })
  return true
}

async function logIn(session: SmtpSession, { connection, signal, options, login }: LoginWork): Promise<void> {
  const { remote } = options
  if (!connection.secure && options.tls !== 'none')
    throw new SessionFailure('policy', 'The server offers no TLS, and a password is not sent without it', {
      status: '4.7.0',
      remote,
    })
  if (!connection.allowsAuth)
    throw new SessionFailure('login', 'The server offers no login', { status: '4.7.0', remote })
  await session.until(signal, (settle) => connection.login({ user: login.user, pass: login.secret }, settle))
}

interface LoginWork {
  readonly connection: EsmtpConnection
  readonly signal: AbortSignal
  readonly options: SessionOptions
  readonly login: { readonly user: string; readonly secret: string }
}

function failureOf(
  error: unknown,
  { options, isInHandshake }: { options: SessionOptions; isInHandshake: boolean },
): SessionFailure {
  if (error instanceof SessionFailure) return error
  const { remote } = options
  const { response, code = '', command = '' } = error as { response?: string; code?: string; command?: string }
  const reply = response === undefined ? undefined : parseReply(response)
  const said = oneLine(reply?.text || reasonOf(error))
  if (code === 'EAUTH') return new SessionFailure('login', said, { reply, status: '4.7.8', remote })
  if (command === 'STARTTLS' && options.tls === 'required' && !isInHandshake)
    return new SessionFailure('tls', `STARTTLS is refused: ${said}`, { reply, status: '4.7.0', remote })
  if (isInHandshake || isCertificateTrouble(error))
    return new SessionFailure('tls', `TLS failed: ${said}`, { status: '4.7.5', remote })
  if (reply !== undefined) return new SessionFailure('refused', said, { reply, remote })
  return new SessionFailure('connect', said, { status: '4.4.2', remote })
}

/** OpenSSL's own codes, which nodemailer keeps beside its own. */
function isCertificateTrouble(error: unknown): boolean {
  const { originalCode = '', code = '' } = error as { originalCode?: string; code?: string }
  return /CERT|^ERR_(?:SSL|TLS)|^EPROTO$|^ETLS$/.test(`${originalCode} ${code}`)
}
