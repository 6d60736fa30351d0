// From the body of DATA to the commit behind the 250 (contract D4, E1): the stream is staged, small in memory, large in a flushed
// file; then one `submit` writes the queue, the Sent copy and every local inbox. What a client breaks off leaves nothing behind.

import type { Readable } from 'node:stream'
import type { AccountId, Directory, SubmitRecipient, Submitted } from '@postern/mailbox-store'
import type { SubmissionContext } from './context.js'
import type { Destination } from './destinations.js'
import { MeasuredBody } from './measured-body.js'
import type { Session } from './session.js'
import type { Recipient, Transaction } from './transaction.js'

export async function accept(
  data: Readable,
  { session, transaction }: { readonly session: Session; readonly transaction: Transaction },
): Promise<Submitted> {
  const { context, login, limits } = session
  const { from, parameters } = transaction
  const body = new MeasuredBody(data, { ...context.limits, ...limits })
  const message = await context.store.stage(body)
  body.refuseTooLarge()
  const recipients = await Promise.all(transaction.recipients.map((recipient) => submitted(recipient, context)))
  const { inbox, credential, domain } = login.sender
  const submission = await context.store.outbox.submit({
    sender: from,
    recipients,
    message,
    internalDate: Math.floor(context.clock() / 1000),
    account: inbox?.id,
    credential: credential?.id,
    environment: domain.environment,
    sentCopy: inbox === undefined || domain.mode !== 'retained' ? undefined : { account: inbox.id },
    ret: parameters.ret,
    envelopeId: parameters.envelopeId,
    requireTls: parameters.requireTls,
    body: parameters.smtpUtf8 ? 'smtputf8' : parameters.body,
  })
  session.measures.message(message.size)
  return submission
}

type NewInbox = Extract<Destination, { kind: 'new-inbox' }>

async function submitted(
  { address, notify, originalRecipient, destination }: Recipient,
  { store }: SubmissionContext,
): Promise<SubmitRecipient> {
  const recipient = { address, notify, originalRecipient }
  switch (destination.kind) {
    case 'away':
      return recipient
    case 'inbox':
      return { ...recipient, local: { account: destination.account } }
    case 'new-inbox':
      return { ...recipient, local: { account: await madeInbox(destination, store.directory) } }
  }
}

/** Another message may have made it meanwhile. */
async function madeInbox({ domain, address }: NewInbox, directory: Directory): Promise<AccountId> {
  try {
    return (await directory.createInbox({ domain, address })).id
  } catch (error) {
    const found = await directory.findAddress(address)
    if (found === undefined || found.via === 'catch-all') throw error
    return found.inbox.id
  }
}
