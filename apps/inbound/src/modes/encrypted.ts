// The mode in which a domain keeps its mail encrypted (contract F2): as PGP/MIME to the inbox's key, or else to its domain's. What of a
// message is stored, listed and searched is the encrypted text; the plain one is in memory, and beyond that in a file that can't be
// read without what is in memory. Mail that came encrypted is kept as it is. A key that can't be used makes mail wait.

import { isEncrypted, KeyTrouble, keyName, pgpMime, readPublicKey } from '@postern/openpgp'
import type { MailText } from '@postern/smtp'
import type { Logger } from '@postern/telemetry'
import type { ArrivalRecipient, ArrivedText, Mode, Outcome } from '../arrival.js'
import { type RetainedOptions, retained } from './retained.js'

export interface EncryptedOptions extends Omit<RetainedOptions, 'storedText'> {
  /** Unix milliseconds. */
  readonly clock: () => number
  readonly logger: Logger
}

export function encrypted({ clock, logger, ...options }: EncryptedOptions): Mode {
  const kept = retained({ ...options, storedText })
  return {
    disk: 'sealed',
    /** A key has a text of its own, and a text a commit of its own. */
    laneOf: (recipient) => `encrypted ${keyName(keyOf(recipient))}`,
    async deliver(text, delivery) {
      try {
        return await kept.deliver(text, delivery)
      } catch (error) {
        if (!(error instanceof KeyTrouble)) throw error
        const recipients = delivery.recipients.map(({ address }) => address)
        logger.warn(
          { recipients, wrong: error.message, fix: error.fix },
          'mail waits for a key that it can be encrypted to',
        )
        return delivery.recipients.map(deferred)
      }
    },
  }

  async function storedText(text: ArrivedText, recipients: readonly ArrivalRecipient[]): Promise<MailText> {
    if (await isEncrypted(text)) return text
    const at = clock()
    return pgpMime(text, { key: await readPublicKey(keyOf(recipients[0] as ArrivalRecipient), { at }), at })
  }
}

const keyOf = ({ inbox, domain }: ArrivalRecipient): string =>
  ('publicKey' in inbox ? inbox.publicKey : undefined) ?? domain.settings.publicKey ?? ''

const deferred = (recipient: ArrivalRecipient): Outcome => ({
  ...{ recipient, kind: 'deferred' },
  reply: `451 4.7.5 Mail for ${recipient.address} cannot be encrypted now, try again later`,
})
