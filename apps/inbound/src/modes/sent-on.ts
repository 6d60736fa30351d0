// What the inboxes of recipients send on, with its text: a forward has the inbox's own address on top, as an inbox that has it alone would, so
// that a circle is known when it closes; below that nothing of the message is changed, so that its DKIM signatures hold. A post to a sink
// has the text that's stored.

import type { BodyKind, Inbox, SentOn, Store } from '@postern/mailbox-store'
import type { MailText } from '@postern/smtp'
import type { RecipientPlan } from '../arrival.js'
import { deliveredText, type Stamped } from '../text/delivered-text.js'

type Sending = RecipientPlan & { readonly inbox: Inbox }

interface Telling {
  readonly store: Store
  readonly text: MailText
  readonly stamped: Stamped
}

export async function sentOnBy(planned: readonly Sending[], telling: Telling): Promise<readonly SentOn[]> {
  const sentOn: SentOn[] = []
  for (const { inbox, sendings = [] } of planned)
    for (const { text, ...sending } of sendings) {
      if (text !== undefined) sentOn.push({ ...sending, message: await telling.store.stage(text), body: '7bit' })
      else if (sending.sink !== undefined) sentOn.push({ ...sending, message: undefined, body: '8bitmime' })
      else sentOn.push({ ...sending, ...(await textFor(inbox, telling)) })
    }
  return sentOn
}

async function textFor(
  { address }: Inbox,
  { store, text, stamped }: Telling,
): Promise<Pick<SentOn, 'message' | 'body'>> {
  const seen = { isEightBit: false }
  const own = deliveredText(text, { ...stamped, recipients: [{ address }], goesOn: true })
  const message = await store.stage(watched(own, seen))
  const { smtpUtf8 } = stamped.arrival
  const body: BodyKind = smtpUtf8 ? 'smtputf8' : seen.isEightBit ? '8bitmime' : '7bit'
  return { message, body }
}

async function* watched(pieces: AsyncIterable<Buffer>, seen: { isEightBit: boolean }): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    seen.isEightBit ||= piece.some((byte) => byte > 0x7f)
    yield piece
  }
}
