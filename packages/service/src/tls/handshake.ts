/**
 * The server's side of a TLS handshake over a socket that's already open: at once on an implicit TLS port, or after STARTTLS
 * (RFC 8314, RFC 3207). Resolves with the encrypted socket; on failure or timeout the connection is gone, without a byte in
 * clear. Bytes that the plain socket has read but nobody took are the handshake's first.
 */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Certificates } from './certificates.js'

export class HandshakeError extends Error {
  override readonly name = 'HandshakeError'
}

export function handshake(
  socket: Socket,
  certificates: Certificates,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<TLSSocket> {
  if (socket.destroyed) return Promise.reject(gone())
  return new Promise((resolve, reject) => {
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: certificates.defaultContext(),
      SNICallback: certificates.pickByName,
      requestCert: false,
    })
    // A later error is followed by 'close', which whoever holds the socket listens to.
    secure.on('error', ignore)
    const settle = (error?: Error) => {
      clearTimeout(timer)
      secure.removeListener('close', onClose)
      secure.removeListener('end', onClose)
      secure.removeListener('secure', onSecure)
      secure.removeListener('error', settle)
      if (error === undefined) return resolve(secure)
      secure.destroy()
      socket.destroy()
      reject(error instanceof HandshakeError ? error : new HandshakeError(reasonOf(error)))
    }
    const onClose = () => settle(gone())
    // The event comes from inside OpenSSL's handshake: an end() there would be sent without its close_notify.
    const onSecure = () => void setImmediate(() => settle(secure.destroyed ? gone() : undefined))
    const timer = setTimeout(() => settle(new HandshakeError(`not finished within ${timeoutMs} ms`)), timeoutMs)
    secure.once('secure', onSecure)
    secure.once('error', settle)
    secure.once('close', onClose)
    secure.once('end', onClose)
  })
}

const ignore = (): void => undefined

const gone = () => new HandshakeError('the client closed the connection')

/** OpenSSL's short reason, such as `wrong version number`, where there is one. */
function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message
}
