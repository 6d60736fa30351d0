// Whether a port takes a connection, and a TLS connection to it with the chain that it shows.

import { connect as connectPlain } from 'node:net'
import { connect, rootCertificates, type TLSSocket } from 'node:tls'
import type { Place } from './doors.js'

/** What went wrong, or undefined when somebody answered. */
export function reach({ host, port }: Place, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectPlain({ host, port, timeout: timeoutMs })
    const end = (trouble: string | undefined): void => {
      socket.destroy()
      resolve(trouble)
    }
    socket.once('connect', () => end(undefined))
    socket.once('timeout', () => end('no answer in time'))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}

export interface SecureOptions {
  /** The name that the certificate should have. */
  readonly name: string
  /** Trusted beside the usual ones: the CA of a self-made certificate. */
  readonly ca: string | undefined
  readonly timeoutMs: number
}

/**
 * A TLS connection whose certificate is judged by the caller: this is the machine's own port, and what's wrong with its
 * certificate is what the doctor wants to see.
 */
export function reachSecurely(place: Place, { name, ca, timeoutMs }: SecureOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...place,
      servername: name,
      ca: ca === undefined ? [...rootCertificates] : [...rootCertificates, ca],
      rejectUnauthorized: false,
      timeout: timeoutMs,
    })
    socket.once('secureConnect', () => resolve(socket))
    socket.once('timeout', () => socket.destroy(new Error('No answer in time')))
    socket.once('error', reject)
  })
}
