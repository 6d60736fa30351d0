// The OpenPGP keys that a submission's texts are encrypted to. Each is read and judged anew: where one can't be used now, the client keeps
// the message and tries again, and the log says why.

import { type EncryptionKey, KeyTrouble, readPublicKey } from '@postern/openpgp'
import { SmtpError } from '@postern/smtp'
import type { SubmissionContext } from '../context.js'
import type { SentPlace } from '../sent-place.js'
import type { Transaction } from '../transaction.js'

interface Parties {
  readonly transaction: Transaction
  readonly place: SentPlace
  readonly context: SubmissionContext
}

export class Keys {
  readonly #keys = new Map<string, EncryptionKey>()

  static async read({ transaction, place, context }: Parties): Promise<Keys> {
    const keys = new Keys()
    for (const { address, local } of transaction.recipients)
      await keys.#add(local?.publicKey, { what: `Mail for ${address}`, context })
    await keys.#add(place.publicKey, { what: 'The copy for Sent', context })
    return keys
  }

  /** One of those that were read. */
  of(armoured: string): EncryptionKey {
    const key = this.#keys.get(armoured)
    if (key === undefined) throw new Error('a key was not read')
    return key
  }

  async #add(
    armoured: string | undefined,
    { what, context }: { readonly what: string; readonly context: SubmissionContext },
  ): Promise<void> {
    if (armoured === undefined || this.#keys.has(armoured)) return
    try {
      this.#keys.set(armoured, await readPublicKey(armoured, { at: context.clock() }))
    } catch (error) {
      if (!(error instanceof KeyTrouble)) throw error
      context.logger.warn(
        { what, wrong: error.message, fix: error.fix },
        'mail waits for a key that it can be encrypted to',
      )
      throw new SmtpError(`451 4.7.5 ${what} cannot be encrypted now, try again later`)
    }
  }
}
