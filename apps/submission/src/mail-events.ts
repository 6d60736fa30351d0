// A submitted message in the mail log (contract I5): accepted, or refused behind DATA. A client that has gone was told neither.

import { ClientGone } from '@postern/smtp'
import type { Accepting } from './accept.js'
import type { ReceivedMessage } from './message/receive.js'
import { replyTo } from './reply-to.js'

export function noteAccepted({
  session,
  transaction,
  queueId,
  message,
  sizeBytes,
}: Accepting & { readonly message: ReceivedMessage; readonly sizeBytes: number }): void {
  session.measures.message(sizeBytes)
  session.context.mailLog({
    ...{ event: 'accepted', queueId, messageId: message.messageId, sizeBytes },
    ...{ from: transaction.from, to: transaction.recipients.map(({ address }) => address) },
  })
}

export function noteRefused(
  error: unknown,
  { session, transaction, message }: Accepting & { readonly message: ReceivedMessage | undefined },
): void {
  if (error instanceof ClientGone) return
  session.context.mailLog({
    ...{ event: 'refused', messageId: message?.messageId, status: replyTo(error) ?? '451 4.3.0' },
    ...{ from: transaction.from, to: transaction.recipients.map(({ address }) => address) },
  })
}
