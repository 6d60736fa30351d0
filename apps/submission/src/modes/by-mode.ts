// The texts of a submission that has to do with a domain which keeps its mail encrypted, or keeps none (contract F2). The message is held
// first, in a file that can't be read without what is in memory, or in memory alone; then each text is made of it and staged: as it is for
// those who keep it so and for the queue, as PGP/MIME for the others and for Sent. Whatever goes wrong up to here leaves nothing behind it.
// Last of all comes the post to sinks, right before the commit. docs/decisions/encrypted-mail.md, docs/decisions/handed-over-at-once.md

import { messageIdentity, type StagedMessage } from '@postern/mailbox-store'
import { isEncrypted, pgpMime } from '@postern/openpgp'
import { bodyOf, type MailText } from '@postern/smtp'
import type { Accepting } from '../accept.js'
import type { HeldMessage, ReceivedMessage } from '../message/receive.js'
import { resendKey, resendWithinMs } from '../resend-key.js'
import type { SentPlace } from '../sent-place.js'
import type { Recipient, Transaction } from '../transaction.js'
import { handOver } from './hand-over.js'
import { Keys } from './keys.js'
import type { Texts } from './texts.js'

interface Way {
  readonly accepting: Accepting
  readonly place: SentPlace
}

/** Whether anybody's mode asks for more than the text as it's sent. Asked for every message. */
export const asksForMore = ({ recipients }: Transaction, place: SentPlace): boolean =>
  place.publicKey !== undefined || recipients.some(({ local, sink }) => sink || local?.publicKey !== undefined)

/** Came before, and has its queue id. */
export interface Resent {
  readonly queueId: string
  readonly key: Uint8Array
}

export async function textsByMode(message: ReceivedMessage, way: Way): Promise<Texts | Resent> {
  const { accepting, place } = way
  const { context } = accepting.session
  const handsOver = accepting.transaction.recipients.some(({ sink }) => sink !== undefined)
  const held = await message.hold({ ...context.holding, disk: handsOver ? 'never' : 'sealed' })
  try {
    const key = resendKey(held.digest, accepting)
    const now = context.heardAnswers.keyNow(key)
    if (handsOver) {
      const ask = { resendKey: now, resendWithinMs, account: place.account }
      const queueId = await context.store.outbox.resent(ask)
      if (queueId !== undefined) return { queueId, key }
    }
    const { body, sizeBytes } = held
    const texts = { ...(await stagedTexts(held, way)), header: held.wire.header, body, sizeBytes, key }
    if (handsOver) await handOver(held.wire, { accepting, digest: now, namesItself: message.namesItself })
    return texts
  } finally {
    await held.drop()
  }
}

async function stagedTexts(
  held: HeldMessage,
  { accepting, place }: Way,
): Promise<Pick<Texts, 'wire' | 'sentCopy' | 'identity' | 'own'>> {
  const { session, transaction } = accepting
  const { context } = session
  const keys = (await isEncrypted(held.wire)) ? undefined : await Keys.read({ transaction, place, context })
  const isSealed = (publicKey: string | undefined): boolean => keys !== undefined && publicKey !== undefined
  const stage = (text: MailText): Promise<StagedMessage> => context.store.stage(text.read())
  const sealed = (text: MailText, publicKey: string): Promise<StagedMessage> =>
    stage(pgpMime(text, { key: (keys as Keys).of(publicKey), at: context.clock() }))
  const own = new Map<string, StagedMessage>()
  const byKey = new Map<string, StagedMessage>()
  for (const { address, local } of transaction.recipients) {
    const publicKey = local?.publicKey
    if (publicKey === undefined || !isSealed(publicKey)) continue
    const text = byKey.get(publicKey) ?? (await sealed(held.wire, publicKey))
    byKey.set(publicKey, text)
    own.set(address, text)
  }
  const isSame = held.sentCopy === held.wire
  const getsWire = ({ address, sink }: Recipient): boolean => sink === undefined && !own.has(address)
  const filesWire = place.filed && isSame && !isSealed(place.publicKey)
  const wire = filesWire || transaction.recipients.some(getsWire) ? await stage(held.wire) : undefined
  if (!place.filed) return { wire, own, sentCopy: undefined, identity: undefined }
  if (place.publicKey === undefined || !isSealed(place.publicKey))
    return { wire, own, sentCopy: isSame ? undefined : await stage(held.sentCopy), identity: undefined }
  const same = isSame ? byKey.get(place.publicKey) : undefined
  const sentCopy = same ?? (await sealed(held.sentCopy, place.publicKey))
  return { wire, own, sentCopy, identity: await identityOf(held.sentCopy) }
}

const identityOf = (text: MailText): Promise<Uint8Array | undefined> =>
  messageIdentity({ header: text.header, body: () => bodyOf(text) })
