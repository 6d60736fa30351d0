/** What an API's refusal means for the recipients, whichever service it is. */
import { oneLine } from '../smtp/reply.js'
import { sameForAll } from '../smtp/undelivered.js'
import type { Parcel, Sent } from '../transport.js'
import { type ApiAnswer, Unanswered } from './api-client.js'

/** `trouble`: the fault is in the route (a key, an account, a domain): the mail waits, and the log says it loudly. */
export type Meaning = 'failed' | 'deferred' | 'trouble'

export interface Refusal {
  readonly meaning: Meaning
  /** The service's own name for it. */
  readonly name: string
  readonly message: string
}

export function refused(
  parcel: Parcel,
  refusal: Refusal,
  about: { answer: ApiAnswer; remote: string },
): readonly Sent[] {
  const { answer, remote } = about
  const text = oneLine(`${refusal.name}: ${refusal.message} (HTTP ${answer.status})`)
  if (refusal.meaning === 'failed')
    return sameForAll(parcel, { kind: 'failed', status: failedStatus(answer), text, remote })
  const after = retryAfterMs(answer)
  const wait = after === undefined ? {} : { retryAfterMs: after }
  const status = refusal.meaning === 'trouble' ? '4.7.0' : '4.3.0'
  return parcel.recipients.map(({ id }) => ({ id, kind: 'deferred', status, text, remote, ...wait }))
}

export function unanswered(parcel: Parcel, error: unknown): readonly Sent[] {
  if (!(error instanceof Unanswered)) throw error
  const text = error.mayHaveActed
    ? `The reply was lost, the message may have been sent: ${error.message}`
    : error.message
  return sameForAll(parcel, { kind: 'deferred', status: '4.4.2', text: oneLine(text) })
}

const failedStatus = ({ status }: ApiAnswer): string => (status === 413 ? '5.3.4' : '5.6.0')

/** Seconds or a date (RFC 9110 §10.2.3). */
function retryAfterMs({ headers }: ApiAnswer): number | undefined {
  const given = headers['retry-after']
  if (given === undefined) return undefined
  const ms = /^\d+$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - Date.parse(headers.date ?? '')
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined
}
