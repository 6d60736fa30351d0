/**
 * A session with one server, from EHLO on: message after message (RFC 5321 §3.3), the envelope pipelined where the server can
 * (RFC 2920). Each recipient gets its answer: the reply to its RCPT, or to MAIL or DATA for all. A connection that ends behind the
 * message's last byte is the one case where a second copy may come: the answer says that the reply was lost.
 */
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { SMTPEnvelope } from 'nodemailer/lib/smtp-connection'
import type { TransportLimits } from '../limits.js'
import type { Parcel, ParcelRecipient, Sent } from '../transport.js'
import { reasonOf, TimedOut, untilAborted, within } from './deadline.js'
import type { EsmtpConnection } from './esmtp-connection.js'
import { hasNonAscii, isInternational, unfitFor } from './fitness.js'
import { mailParameters, recipientParameters } from './parameters.js'
import { kindOf, oneLine, parseReply, type Reply } from './reply.js'

/** The connection had ended before the server heard anything of this message: it was idle for too long. */
export class StaleSession extends Error {
  override readonly name = 'StaleSession'
}

/** What nodemailer notes in the envelope while it sends. */
interface Noted extends SMTPEnvelope {
  accepted?: readonly string[]
  rejectedErrors?: readonly { readonly recipient?: string; readonly response?: string }[]
  mailError?: { readonly response?: string }
}

type Settle = (error?: Error | null) => void

export class SmtpSession {
  readonly remote: string
  /** The server's certificate was good. */
  isVerified = false
  messagesSent = 0
  readonly #connection: EsmtpConnection
  readonly #socket: Socket
  readonly #limits: TransportLimits
  #fail: Settle = () => undefined
  /** A transaction that didn't end with a 250 may still be open. */
  #isDirty = false

  constructor(connection: EsmtpConnection, about: { socket: Socket; remote: string; limits: TransportLimits }) {
    this.#connection = connection
    this.#socket = about.socket
    this.remote = about.remote
    this.#limits = about.limits
    connection.on('error', (error: Error) => this.#fail(error))
    // What the server said last comes behind the event, in the same turn.
    connection.on('end', () => {
      const fail = this.#fail
      queueMicrotask(() => fail(new Error('The connection was closed')))
    })
  }

  get isOpen(): boolean {
    return !this.#connection.destroyed && !this.#socket.destroyed
  }

  get isSecure(): boolean {
    return this.#connection.secure
  }

  /** One answer for each recipient. */
  async send(parcel: Parcel, { signal }: { readonly signal: AbortSignal }): Promise<readonly Sent[]> {
    const peer = { offers: this.#connection.offers, isVerified: this.isVerified, remote: this.remote }
    const unfit = await unfitFor(parcel, peer)
    const answers = new Map<number, Sent>(unfit.map((sent) => [sent.id, sent]))
    let waiting = parcel.recipients.filter(({ id }) => !answers.has(id))
    const most = Math.min(
      peer.offers.recipientsMax ?? Number.POSITIVE_INFINITY,
      this.#limits.recipientsPerTransactionMax,
    )
    for (let isFirst = true; waiting.length > 0; isFirst = false) {
      const batch = waiting.slice(0, most)
      const sent = await this.#transact({ ...parcel, recipients: batch }, { signal, isFirst })
      for (const one of sent) answers.set(one.id, one)
      const isMoving = sent.some(({ kind }) => kind === 'delivered') && this.isOpen
      const again = isMoving ? batch.filter((_, at) => isTooMany(sent[at]!)) : []
      waiting = [...again, ...waiting.slice(most)]
    }
    this.messagesSent += 1
    return parcel.recipients.map(({ id }) => answers.get(id)!)
  }

  /** Runs one of nodemailer's calls until it answers, the connection ends or the signal says stop; then nothing is left of it. */
  async until(signal: AbortSignal, start: (settle: Settle) => void): Promise<void> {
    signal.throwIfAborted()
    const answer = new Promise<void>((resolve, reject) => {
      this.#fail = (error) => reject(error)
      start((error) => (error ? reject(error) : resolve()))
    })
    try {
      await untilAborted(answer, signal)
    } catch (error) {
      if (signal.aborted) this.destroy()
      throw error
    } finally {
      this.#fail = () => undefined
    }
  }

  /** With QUIT, where there's still somebody to say it to. */
  quit(): void {
    if (this.isOpen) this.#connection.quit()
    setTimeout(() => this.destroy(), this.isOpen ? 1_000 : 0).unref()
  }

  destroy(): void {
    this.#connection.close()
    this.#socket.destroy()
  }

  async #transact(parcel: Parcel, { signal, isFirst }: Attempt): Promise<readonly Sent[]> {
    const limit = { timeoutMs: this.#limits.transactionTimeoutMs, signal, what: 'The transaction' }
    const source = Readable.from(parcel.message.read(), { objectMode: false })
    const progress = { isHandedOver: false, readError: undefined as Error | undefined }
    source.once('end', () => {
      progress.isHandedOver = true
    })
    source.once('error', (error) => {
      progress.readError = error
    })
    const envelope: Noted = {
      from: parcel.sender,
      to: parcel.recipients.map(({ address }) => address),
      size: parcel.message.size,
    }
    const { offers } = this.#connection
    this.#connection.parameters = {
      mail: mailParameters(parcel, offers, { isInternational: isInternational(parcel) }),
      recipients: new Map(parcel.recipients.map((one) => [one.address, recipientParameters(one, offers)])),
    }
    try {
      let text = ''
      await within(limit, async (stop) => {
        if (this.#isDirty) await this.#reset(stop)
        this.#isDirty = true
        await this.until(stop, (settle) =>
          this.#connection.send(envelope, source, (error, info) => {
            text = info?.response ?? ''
            settle(error)
          }),
        )
      })
      this.#isDirty = (envelope.accepted ?? []).length === 0
      return this.#answers(parcel, { envelope, final: parseReply(text), relaysDsn: offers.has('DSN') })
    } catch (error) {
      if (error instanceof StaleSession && isFirst) throw error
      if (progress.readError !== undefined) {
        this.destroy()
        throw progress.readError
      }
      return this.#afterTrouble(parcel, {
        isFirst,
        error,
        envelope,
        isStopped: signal.aborted || error instanceof TimedOut,
        ...progress,
      })
    } finally {
      source.destroy()
    }
  }

  /** RFC 5321 §4.1.1.5. A session that doesn't come clean is of no more use. */
  async #reset(signal: AbortSignal): Promise<void> {
    try {
      await this.until(signal, (settle) => this.#connection.reset(settle))
    } catch (error) {
      this.destroy()
      throw signal.aborted ? error : new StaleSession(reasonOf(error))
    }
  }

  #afterTrouble(parcel: Parcel, trouble: Trouble): readonly Sent[] {
    const { error, envelope, isHandedOver } = trouble
    const response = envelope.mailError?.response ?? (error as { response?: string }).response
    const isHeard = response !== undefined || envelope.rejectedErrors?.length || envelope.accepted?.length
    const isUnheard = !this.isOpen && !trouble.isStopped && !isHeard && !isHandedOver
    if (isUnheard && trouble.isFirst && this.messagesSent > 0) throw new StaleSession(reasonOf(error))
    const reply = response === undefined ? undefined : parseReply(response)
    if (reply === undefined) this.destroy()
    const why = oneLine(reasonOf(error))
    const lost = isHandedOver
      ? `The connection ended before the reply to the whole message: it may have arrived (${why})`
      : `The connection ended before the message was sent (${why})`
    return this.#answers(parcel, { envelope, final: reply, relaysDsn: false, lost })
  }

  #answers(parcel: Parcel, outcome: Outcome): readonly Sent[] {
    // Behind a refused MAIL, a refused RCPT only says that there was no MAIL.
    const refusals = outcome.envelope.mailError === undefined ? outcome.envelope.rejectedErrors : []
    const rejected = new Map(refusals?.map((one) => [one.recipient, one.response]))
    return parcel.recipients.map((recipient) => {
      const refusal = rejected.get(recipient.address)
      const reply = refusal === undefined ? outcome.final : parseReply(refusal)
      const isRefused = refusal !== undefined
      if (reply === undefined) {
        const text = outcome.lost ?? 'The server gave an answer that is no reply'
        return { id: recipient.id, kind: 'deferred', remote: this.remote, status: '4.4.2', text }
      }
      return this.#answer(recipient, { reply, isRefused, relaysDsn: outcome.relaysDsn })
    })
  }

  #answer(recipient: ParcelRecipient, about: { reply: Reply; isRefused: boolean; relaysDsn: boolean }): Sent {
    const { reply, isRefused, relaysDsn } = about
    const { code, status, text } = reply
    const said = { id: recipient.id, remote: this.remote, code, ...(status === undefined ? {} : { status }), text }
    const isUtf8Refusal = isRefused && hasNonAscii(recipient.address) && code === '553' && status === undefined
    if (isUtf8Refusal) return { ...said, kind: 'failed', status: '5.6.7' }
    // RFC 5321 §4.5.3.1.10: 552 to RCPT is an old server's word for too many recipients.
    if (isRefused && code === '552' && (status === undefined || status === '5.5.3'))
      return { ...said, kind: 'deferred' }
    const kind = kindOf(reply)
    return kind === 'delivered' ? { ...said, kind, relaysDsn } : { ...said, kind }
  }
}

interface Attempt {
  readonly signal: AbortSignal
  /** Nothing of this message went before: it may start over on another connection. */
  readonly isFirst: boolean
}

interface Outcome {
  readonly envelope: Noted
  readonly final: Reply | undefined
  readonly relaysDsn: boolean
  readonly lost?: string
}

interface Trouble {
  readonly error: unknown
  readonly envelope: Noted
  readonly isHandedOver: boolean
  readonly isFirst: boolean
  /** By our own signal or deadline. */
  readonly isStopped: boolean
}

/** RFC 5321 §4.5.3.1.10. */
const isTooMany = (sent: Sent): boolean =>
  sent.kind === 'deferred' &&
  (sent.code === '552' || (sent.code === '452' && (sent.status === undefined || sent.status === '4.5.3')))
