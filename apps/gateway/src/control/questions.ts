// What a process of the gateway is asked by a command, or by another process: which clients it has, and to end some of them. By the
// socket in the data folder the words go as they are, since nobody else can open it; over Redis, where others may have a part, they're
// sealed with the server's key, for the one process and the one asker. A sealed question that is old is no question.

import { CannotOpen, type Sealer } from '@postern/auth'
import type { LiveSessions, SessionFilter, SessionPage } from '@postern/events'

export type Question =
  | { readonly kind: 'list'; readonly filter: SessionFilter; readonly after?: string | undefined }
  | { readonly kind: 'end'; readonly filter: SessionFilter }

/** The clients that there are, or that were ended. */
export type Answer = SessionPage

/** Clocks of machines may differ. */
const questionAgeMsMax = 300_000

/** Undefined for what is no question. */
export function answerTo(live: LiveSessions, question: unknown): Answer | undefined {
  if (!isQuestion(question)) return undefined
  return question.kind === 'list'
    ? live.page(question.filter, { after: question.after })
    : { sessions: live.end(question.filter), next: undefined }
}

function isQuestion(question: unknown): question is Question {
  if (typeof question !== 'object' || question === null) return false
  const { kind, filter } = question as Partial<Record<keyof Question, unknown>>
  if (typeof filter !== 'object' || filter === null) return false
  // Who names nobody would end everybody.
  return kind === 'list' || (kind === 'end' && Object.values(filter).some((value) => typeof value === 'string'))
}

const questionPurpose = (process: string): string => `question to process ${process}`
const answerPurpose = (process: string): string => `answer of process ${process}`

export interface Asking {
  readonly sealer: Sealer
  readonly process: string
  readonly clock: () => number
}

export const sealQuestion = ({ sealer, process, clock }: Asking, question: Question): string =>
  sealer.seal(JSON.stringify({ at: clock(), question }), questionPurpose(process))

export const openAnswer = ({ sealer, process }: Asking, answer: string): Answer =>
  JSON.parse(sealer.open(answer, answerPurpose(process))) as Answer

/** Undefined for what wasn't sealed for this process, here and now. */
export function answerToSealed(
  { sealer, process, clock }: Asking,
  live: LiveSessions,
  text: string,
): string | undefined {
  const asked = opened(sealer, { text, purpose: questionPurpose(process) })
  if (asked === undefined || Math.abs(clock() - asked.at) > questionAgeMsMax) return undefined
  const answer = answerTo(live, asked.question)
  return answer && sealer.seal(JSON.stringify(answer), answerPurpose(process))
}

function opened(sealer: Sealer, { text, purpose }: { text: string; purpose: string }) {
  try {
    return JSON.parse(sealer.open(text, purpose)) as { readonly at: number; readonly question: unknown }
  } catch (error) {
    if (error instanceof CannotOpen) return undefined
    throw error
  }
}
