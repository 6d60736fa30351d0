/** Why there is no session with a server: what it said, or what went wrong before it could say anything. */
import type { Reply } from './reply.js'

/** Where the setting up ended. `tls` is the handshake or the certificate, `refused` a greeting or EHLO that isn't 2yz. */
export type FailedStep = 'connect' | 'refused' | 'tls' | 'login' | 'policy'

export class SessionFailure extends Error {
  override readonly name = 'SessionFailure'
  readonly step: FailedStep
  readonly reply: Reply | undefined
  /** RFC 3463. */
  readonly status: string | undefined
  readonly remote: string | undefined

  constructor(
    step: FailedStep,
    message: string,
    about: { readonly reply?: Reply | undefined; readonly status?: string; readonly remote?: string | undefined } = {},
  ) {
    super(message)
    this.step = step
    this.reply = about.reply
    this.status = about.reply?.status ?? about.status
    this.remote = about.remote
  }
}
