// A message from elsewhere in the mail log (contract I5): accepted for those who have it, refused for the others. A client that has
// gone was told neither.

import { arrivedHeader, ClientGone, rawValue } from '@postern/smtp'
import type { Addressed, Arrival, ArrivedText, Outcome } from './arrival.js'
import type { InboundContext } from './context.js'
import { replyTo } from './reply-to.js'
import { Withdrawn } from './withdrawn.js'

export function noteOutcomes(
  outcomes: readonly Outcome[],
  {
    text,
    arrival,
    context,
  }: { readonly text: ArrivedText; readonly arrival: Arrival; readonly context: InboundContext },
): void {
  const { id: queueId, sender: from } = arrival
  const messageId = messageIdOf(text)
  const to = outcomes.filter(({ kind }) => kind === 'delivered').map(({ recipient }) => recipient.address)
  if (to.length > 0) context.mailLog({ event: 'accepted', queueId, messageId, from, to, sizeBytes: text.sizeBytes })
  for (const { kind, recipient, reply } of outcomes)
    if (kind !== 'delivered')
      context.mailLog({ event: 'refused', messageId, from, to: [recipient.address], status: reply })
}

export function noteRefused(
  error: unknown,
  {
    text,
    addressed,
    context,
  }: { readonly text: ArrivedText | undefined; readonly addressed: Addressed; readonly context: InboundContext },
): void {
  if (error instanceof ClientGone || error instanceof Withdrawn) return
  const { arrival, recipients } = addressed
  context.mailLog({
    ...{ event: 'refused', messageId: text && messageIdOf(text), status: replyTo(error) ?? '451 4.3.0' },
    ...{ from: arrival.sender, to: recipients.map(({ address }) => address) },
  })
}

export function messageIdOf({ header }: ArrivedText): string | undefined {
  const fields = arrivedHeader(header)
  const field = fields.fields.find(({ name }) => name === 'message-id')
  return field && rawValue(fields, field)
}
