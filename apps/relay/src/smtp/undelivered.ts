/** Answers for recipients of whom no server has said anything: the attempt ended before. */
import type { Parcel, Sent } from '../transport.js'
import { kindOf, oneLine } from './reply.js'
import { SessionFailure } from './session-failure.js'

export interface Verdict {
  readonly kind: 'deferred' | 'failed'
  readonly status: string
  readonly text: string
}

export const sameForAll = (parcel: Parcel, verdict: Verdict & { readonly remote?: string }): readonly Sent[] =>
  parcel.recipients.map(({ id }) => ({ id, ...verdict }))

/**
 * No session, no refusal of the recipient: everything but a word of the server's own that it never takes mail (RFC 7504 §4) is tried
 * again, a wrong password too, since it is this side's mistake.
 */
export function withoutSession(parcel: Parcel, error: unknown): readonly Sent[] {
  if (!(error instanceof SessionFailure)) {
    const text = oneLine(error instanceof Error ? error.message : String(error))
    return sameForAll(parcel, { kind: 'deferred', status: '4.4.1', text })
  }
  const { reply, remote } = error
  const takesNoMail = error.step === 'refused' && (reply?.code === '521' || reply?.code === '556')
  const about = {
    ...(remote === undefined ? {} : { remote }),
    ...(reply === undefined ? {} : { code: reply.code }),
    text: error.message,
  }
  if (takesNoMail) return sameForAll(parcel, { ...about, kind: 'failed', status: error.status ?? '5.3.2' })
  const status = reply !== undefined && kindOf(reply) === 'failed' ? '4.7.0' : (error.status ?? '4.4.1')
  return sameForAll(parcel, { ...about, kind: 'deferred', status })
}
