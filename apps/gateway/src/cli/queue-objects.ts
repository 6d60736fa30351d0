// Submissions of the queue as the API shows them (contract G2), and so does --json; and how their recipients read.

import type { AccountId, Directory, QueueEntry, QueueRecipient, RecipientState } from '@postern/mailbox-store'
import { foundOrNot } from '../found-or-not.js'

const time = (at: number): string => new Date(at).toISOString()
const timeOrNull = (at: number | undefined): string | null => (at === undefined ? null : time(at))

export type QueueObject = Awaited<ReturnType<typeof queueObject>>
export type RecipientObject = ReturnType<typeof recipientObject>

export async function queueObject(directory: Directory, entry: QueueEntry) {
  return {
    id: entry.queueId,
    from: entry.sender,
    inbox: await addressOf(directory, entry.account),
    /** It goes to the sink of this rule, and not to who is named. */
    posted_by_rule: entry.sink ?? null,
    created_at: time(entry.createdAt),
    closed_at: timeOrNull(entry.closedAt),
    cancelled_at: timeOrNull(entry.cancelledAt),
    recipients: entry.recipients.map(recipientObject),
  }
}

/** Null where no inbox sent it, or it's gone. */
async function addressOf(directory: Directory, account: AccountId | undefined): Promise<string | null> {
  if (account === undefined) return null
  return (await foundOrNot(directory.getInbox(account)))?.address ?? null
}

const recipientObject = ({ recipient, state, attempts, nextTryAt, doneAt, ...last }: QueueRecipient) => ({
  ...{ address: recipient, state: shownState(state), attempts },
  next_try_at: state === 'waiting' ? time(nextTryAt) : null,
  last_answer:
    last.lastText === undefined && last.lastCode === undefined
      ? null
      : { code: last.lastCode ?? null, text: last.lastText ?? null, remote: last.lastRemote ?? null },
  done_at: timeOrNull(doneAt),
})

/** `leased` is the store's word. */
export const queueStates = ['waiting', 'held', 'sending', 'delivered', 'failed', 'cancelled'] as const
export type QueueState = (typeof queueStates)[number]

const shownState = (state: RecipientState): QueueState => (state === 'leased' ? 'sending' : state)
export const storedState = (state: QueueState): RecipientState => (state === 'sending' ? 'leased' : state)

export const isOpen = ({ state }: Pick<RecipientObject, 'state'>): boolean =>
  state === 'waiting' || state === 'held' || state === 'sending'

/** What another server said does nothing to a terminal. */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu

export function answerText({ last_answer: answer }: Pick<RecipientObject, 'last_answer'>): string {
  if (answer === null) return ''
  const said = [answer.code, answer.text].filter((part) => part !== null).join(' ')
  const text = answer.remote === null ? said : `${answer.remote}: ${said}`
  return text.replace(unseen, ' ')
}
