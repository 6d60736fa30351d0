/**
 * nodemailer's SMTP client with two things that it doesn't give: what the server offers, before anything is sent, and parameters
 * of our own behind MAIL and behind each RCPT (nodemailer has one set of DSN parameters for all recipients). Both reach into
 * its inside; `smtp-session.test.ts` fails where a new version has moved it.
 */
import SMTPConnection, { type SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection'
import { Offers } from './offers.js'

interface Inside {
  readonly _ehloLines?: readonly string[]
  _sendCommand(line: string, logged?: string): void
}

type Opened = new (options: SMTPConnectionOptions) => SMTPConnection & Inside
const Base = SMTPConnection as unknown as Opened

export interface Parameters {
  readonly mail: string
  readonly recipients: ReadonlyMap<string, string>
}

export class EsmtpConnection extends Base {
  #parameters: Parameters = { mail: '', recipients: new Map() }

  get offers(): Offers {
    return new Offers(this._ehloLines)
  }

  /** For the next transaction. */
  set parameters(parameters: Parameters) {
    this.#parameters = parameters
  }

  override _sendCommand(line: string, logged?: string): void {
    super._sendCommand(this.#withParameters(line), logged)
  }

  #withParameters(line: string): string {
    const [, path, verb, address] = /^((MAIL FROM|RCPT TO):<(.*)>)(?: [^>]*)?$/s.exec(line) ?? []
    if (path === undefined || address === undefined) return line
    const words = verb === 'MAIL FROM' ? this.#parameters.mail : this.#parameters.recipients.get(address)
    return words ? `${path} ${words}` : path
  }
}
