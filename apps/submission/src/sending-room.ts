// Whether who is logged in may send to so many more recipients now (contract D6). It's an early word: the commit counts again.

import type { HeldSendingRules, SendingRoom } from '@postern/mailbox-store'
import type { Session } from './session.js'

export async function roomFor(
  recipients: number,
  { session, rules }: { readonly session: Session; readonly rules: HeldSendingRules },
): Promise<SendingRoom> {
  const { credentialLimits, inboxLimits } = rules
  const limits = [credentialLimits.perHour, credentialLimits.perDay, inboxLimits.perHour, inboxLimits.perDay]
  if (limits.every((limit) => limit === undefined)) return { fits: true }
  const { credential, inbox } = session.login.sender
  const ask = { credential: credential?.id, account: inbox?.id, sending: rules, recipients }
  return session.context.store.outbox.sendingRoom(ask)
}
