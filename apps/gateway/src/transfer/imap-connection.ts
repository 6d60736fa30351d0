// A login at another IMAP server that holds: where the connection is lost, or the server wants to be asked less, it's made again after
// a while, and the question is asked anew. Mailboxes are opened by EXAMINE, so that nothing changes there, not even \Seen.

import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '@postern/service'
import type { ImapFlow, ImapFlowError } from 'imapflow'
import { imap } from './limits.js'

export interface ImapLogin {
  readonly host: string
  readonly port: number
  readonly tls: 'implicit' | 'starttls' | 'none'
  /** False: any certificate is taken. */
  readonly isVerified: boolean
  readonly user: string
  readonly secret: { readonly password: string } | { readonly token: string }
  /** Instead of the limits of before. */
  readonly retryMs?: { readonly min: number; readonly max: number }
}

/** RFC 5530, and what servers say besides. */
const passingCodes = new Set(['UNAVAILABLE', 'INUSE', 'LIMIT', 'THROTTLED', 'OVERQUOTA', 'SERVERBUG'])
const passingText = /too many|exceeded|throttl|try again|temporar/i
const certificateCodes =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_CERT_ALTNAME_INVALID)$/

export class ImapConnection {
  readonly #login: ImapLogin
  #client: ImapFlow | undefined
  /** Of the mailboxes that were opened. */
  readonly #uidValidity = new Map<string, bigint>()
  #wasThere = false
  #tries = 0

  constructor(login: ImapLogin) {
    this.#login = login
  }

  get place(): string {
    return `${this.#login.host}:${this.#login.port}`
  }

  /** Work on no mailbox in particular. */
  ask<Result>(work: (client: ImapFlow) => Promise<Result>): Promise<Result> {
    return this.#again(async () => work(await this.#connected()))
  }

  /** Work on one mailbox, which is open. */
  in<Result>(path: string, work: (client: ImapFlow) => Promise<Result>): Promise<Result> {
    return this.#again(async () => {
      const client = await this.#connected()
      if (client.mailbox === false || client.mailbox.path !== path) await client.mailboxOpen(path, { readOnly: true })
      this.#checkUidValidity(client, path)
      return work(client)
    })
  }

  /** Something has come: a connection that is lost after this is the first one again. */
  progressed(): void {
    this.#tries = 0
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    if (client?.usable) await client.logout().catch(() => undefined)
    client?.close()
  }

  async #again<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        const result = await work()
        this.#tries = 0
        return result
      } catch (error) {
        await this.#waitAfter(error as ImapFlowError)
      }
    }
  }

  /** Throws what another try wouldn't mend. */
  async #waitAfter(error: ImapFlowError): Promise<void> {
    if (error instanceof Failure) throw error
    const isLost = this.#client === undefined || !this.#client.usable || this.#client.isClosed
    if (!isLost && !isPassing(error)) throw error
    this.#client?.close()
    this.#client = undefined
    if (!this.#wasThere || ++this.#tries >= imap.triesMax) throw this.#unreachable(error)
    const { min, max } = this.#login.retryMs ?? { min: imap.retryMsMin, max: imap.retryMsMax }
    await sleep(Math.max(Math.min(error.throttleReset ?? 0, max), Math.min(min * 2 ** (this.#tries - 1), max)))
  }

  async #connected(): Promise<ImapFlow> {
    if (this.#client?.usable) return this.#client
    const { host, port, tls, isVerified, user, secret } = this.#login
    // Only here: every other command would load it, too.
    const imapflow = await import('imapflow')
    const client = new imapflow.ImapFlow({
      ...{ host, port, secure: tls === 'implicit', doSTARTTLS: tls === 'starttls' },
      auth: { user, ...('token' in secret ? { accessToken: secret.token } : { pass: secret.password }) },
      tls: { rejectUnauthorized: isVerified },
      ...{ logger: false as const, disableAutoIdle: true, clientInfo: { name: 'Postern' } },
      ...{
        connectionTimeout: imap.connectTimeoutMs,
        greetingTimeout: imap.connectTimeoutMs,
        socketTimeout: imap.silenceMs,
      },
    })
    // It's thrown where it's waited for, too.
    client.on('error', () => undefined)
    this.#client = client
    try {
      await client.connect()
    } catch (error) {
      client.close()
      const failure = error as ImapFlowError
      if (failure.authenticationFailed && !isPassing(failure)) throw this.#refused(failure)
      throw error
    }
    this.#wasThere = true
    return client
  }

  #checkUidValidity(client: ImapFlow, path: string): void {
    const now = client.mailbox === false ? 0n : client.mailbox.uidValidity
    const before = this.#uidValidity.get(path)
    this.#uidValidity.set(path, now)
    if (before === undefined || before === now) return
    const fix = 'Import again: what has come is known by its bytes.'
    throw new Failure('source_refused', `${this.place} has made the mailbox ${path} anew meanwhile.`, { fix })
  }

  #refused(error: ImapFlowError): Failure {
    const said = textOf(error)
    const fix = 'Check user name and password; some providers want a password for this app, or a token by --token-file.'
    return new Failure('source_refused', `${this.place} does not let ${this.#login.user} in: ${said}.`, {
      fix,
      cause: error,
    })
  }

  #unreachable(error: ImapFlowError): Failure {
    const isCertificate = certificateCodes.test(error.code ?? '')
    const fix = isCertificate
      ? 'Name the host that its certificate is for; NODE_EXTRA_CA_CERTS names the PEM file of an authority of its own; --insecure takes any.'
      : 'Check host, --port and --tls. What has come stays: import again, and it goes on from there.'
    return new Failure('source_unreachable', `${this.place} can't be reached: ${textOf(error)}.`, { fix, cause: error })
  }
}

function isPassing(error: ImapFlowError): boolean {
  return (
    error.code === 'ETHROTTLE' ||
    passingCodes.has(error.serverResponseCode ?? '') ||
    (error.responseStatus === 'NO' && passingText.test(error.responseText ?? ''))
  )
}

const textOf = (error: ImapFlowError): string => (error.responseText ?? error.message).replace(/[.\s]+$/, '')
