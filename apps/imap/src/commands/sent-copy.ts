// A client that files its own copy of a message in \Sent while its submission of it is still open waits here for the end, so that
// the submission's copy comes first and the client's meets it there (contract E3, docs/decisions/sent-merge.md). Nothing is decided
// here: whether the two are one message is the store's to say.

import { type Append, type MailboxListing, messageIdHashOf, type StagedMessage } from '@postern/mailbox-store'
import type { Session } from '../session.js'

export type TakenAppend = Append & { readonly message: StagedMessage }

/** What is said before it goes out meanwhile. The time is for all of them together. */
export async function submissionsSettled(
  { account, context, out }: Session,
  { specialUse }: MailboxListing,
  messages: readonly TakenAppend[],
): Promise<void> {
  if (specialUse !== '\\Sent') return
  out.flushSoon()
  const timeoutMs = context.limits.submissionWaitMs
  await Promise.all(
    messages.map(async ({ message }) => {
      const hash = messageIdHashOf(message)
      if (hash !== undefined) await context.sending.settled(account.id, hash, { timeoutMs })
    }),
  )
}
