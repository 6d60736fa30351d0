// What a post is answered: what became of the message for each recipient, or an error in the form that all errors over HTTP have
// (contract G4). Names of errors stand here alone, and in docs/errors.md.

import { type Reply, SmtpError } from '@postern/smtp'
import type { Outcome } from '../arrival.js'
import { replyTo } from '../reply-to.js'
import { Withdrawn } from '../withdrawn.js'
import { retryAfterS } from './limits.js'

export type Status = 200 | 400 | 401 | 406 | 403 | 409 | 413 | 415 | 422 | 429 | 503 | 507

export interface RecipientResult {
  readonly address: string
  readonly status: 'delivered' | 'deferred' | 'refused'
  /** In SMTP's words. */
  readonly reply: Reply
}

export interface Answer {
  readonly status: Status
  readonly body: Readonly<Record<string, unknown>>
  readonly retryAfterS?: number | undefined
}

const errors = {
  ingest_malformed: { status: 400, fix: 'See "Receiving over HTTP" in docs/operations.md for what a post looks like.' },
  ingest_no_message: {
    status: 400,
    fix: "Let the provider send the whole message, not its parts or a place where it's stored: docs/operations.md.",
  },
  ingest_unauthorized: { status: 401, fix: 'Check the key, the signature and the clock: postern ingest key list.' },
  ingest_conflict: { status: 409, fix: 'Give each message an id of its own.' },
  message_too_big: { status: 413, fix: 'Send a smaller message.' },
  ingest_encoding: { status: 415, fix: 'Send the bytes of the message without Content-Encoding.' },
  message_refused: { status: 422, fix: 'See what each recipient was answered in `results`.' },
  ingest_busy: { status: 429, fix: 'Send fewer posts at a time.' },
  ingest_unavailable: { status: 503, fix: 'Send it again later, under the same id.' },
  inbox_full: { status: 507, fix: 'Raise the quota of the inbox, or delete mail in it; then send it again.' },
} as const satisfies Record<string, { status: Status; fix: string }>

export type IngestErrorName = keyof typeof errors

/** Also at the end of a text that nobody vouches for. */
export class IngestError extends Withdrawn {
  override readonly name: IngestErrorName
  readonly results: readonly RecipientResult[] | undefined
  constructor(name: IngestErrorName, message: string, results?: readonly RecipientResult[]) {
    super(message)
    this.name = name
    this.results = results
  }
}

const waits: Partial<Record<IngestErrorName, number>> = {
  ingest_busy: retryAfterS.busy,
  ingest_unavailable: retryAfterS.unavailable,
  inbox_full: retryAfterS.full,
}

/** @param refusedAs what the provider takes for "don't come again" */
export function errorAnswer(error: IngestError, { refusedAs = 422 }: { readonly refusedAs?: Status } = {}): Answer {
  const { name, message, results } = error
  const status = name === 'message_refused' ? refusedAs : errors[name].status
  const shown = { name, code: status, message, fix: errors[name].fix, docs: `/docs/errors#${name}` }
  return { status, body: { error: shown, ...(results && { results }) }, retryAfterS: waits[name] }
}

/** What was thrown on the way in, for whoever posts; undefined where it's no answer to anybody. */
export function ingestErrorOf(error: unknown): IngestError | undefined {
  if (error instanceof IngestError) return error
  const reply = replyTo(error)
  return reply && new IngestError(nameOf(reply), textOf(reply))
}

export const resultsOf = (outcomes: readonly Outcome[]): RecipientResult[] =>
  outcomes.map(({ kind, reply, recipient: { address } }) => ({ address, status: kind, reply }))

export function refusedResult(address: string, error: unknown): RecipientResult {
  if (!(error instanceof SmtpError)) throw error
  return { address, status: error.reply.startsWith('4') ? 'deferred' : 'refused', reply: error.reply }
}

/** One that has to come again counts first: the others aren't given it twice. */
export function verdictOn(results: readonly RecipientResult[]): IngestError | undefined {
  const deferred = results.find(({ status }) => status === 'deferred')
  if (deferred !== undefined) return new IngestError(nameOf(deferred.reply), textOf(deferred.reply), results)
  if (results.some(({ status }) => status === 'delivered')) return undefined
  const [first] = results
  return first && new IngestError(nameOf(first.reply), textOf(first.reply), results)
}

function nameOf(reply: Reply): IngestErrorName {
  if (reply.startsWith('452 4.2.2')) return 'inbox_full'
  if (reply.startsWith('4')) return 'ingest_unavailable'
  return reply.startsWith('552 5.3.4') ? 'message_too_big' : 'message_refused'
}

/** Without its codes. */
const textOf = (reply: Reply): string => `${reply.replace(/^\d{3} (\d\.\d+\.\d+ )?/, '')}.`
