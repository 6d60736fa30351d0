// Which mailbox of ours takes the mail of one elsewhere: that of the same name; else that of the same special use, which the source
// says, or which its name says in one of many languages; else a new one. With --into everything goes there, and below.

import {
  type Account,
  defaultLimits,
  delimiter,
  type MailboxId,
  type SpecialUse,
  StoreRefusal,
  validName,
} from '@postern/mailbox-store'
import type { ArrivingMailbox } from './arriving.js'
import { specialUseOfName } from './well-known-names.js'

export interface Place {
  readonly name: string
  /** Undefined in a dry run, where it would be made. */
  readonly id: MailboxId | undefined
}

export interface PlacingOptions {
  readonly into: string | undefined
  readonly dryRun: boolean
}

export class Placing {
  readonly #account: Account
  readonly #options: PlacingOptions

  constructor(account: Account, options: PlacingOptions) {
    this.#account = account
    this.#options = options
  }

  async placeOf({ name, specialUse, isSubscribed }: ArrivingMailbox): Promise<Place> {
    const { into } = this.#options
    if (into !== undefined) return this.#named(name === 'INBOX' ? into : `${into}/${name}`, { isSubscribed })
    const clean = cleanName(name)
    const same = await this.#account.mailbox(clean)
    if (same !== undefined) return same
    const use = specialUse ?? specialUseOfName(clean)
    const ofUse = use && (await this.#account.mailboxes()).find((mailbox) => mailbox.specialUse === use)
    return ofUse ?? this.#named(clean, { isSubscribed, use: specialUse })
  }

  async subscribe(names: readonly string[]): Promise<void> {
    if (this.#options.dryRun || this.#options.into !== undefined) return
    for (const name of names) await this.#account.subscribe(cleanName(name))
  }

  /** What is made is shown to clients that show only what's subscribed to, unless the source says that it wasn't there. */
  async #named(
    name: string,
    {
      isSubscribed = true,
      use,
    }: { readonly isSubscribed?: boolean | undefined; readonly use?: SpecialUse | undefined },
  ): Promise<Place> {
    const clean = cleanName(name)
    const found = await this.#account.mailbox(clean)
    if (found !== undefined) return found
    if (this.#options.dryRun) return { name: clean, id: undefined }
    const id = await this.#create(clean, use)
    if (isSubscribed) await this.#account.subscribe(clean)
    return { name: clean, id }
  }

  async #create(name: string, use: SpecialUse | undefined): Promise<MailboxId> {
    try {
      return await this.#account.createMailbox(name, use === undefined ? {} : { specialUse: use })
    } catch (error) {
      // A client may just have made it.
      const found =
        error instanceof StoreRefusal && error.code === 'mailbox-exists' ? await this.#account.mailbox(name) : undefined
      if (found === undefined) throw error
      return found.id
    }
  }
}

/** The name as near to it as ours may be: without control characters and empty levels, and no longer and deeper than they are. */
export function cleanName(name: string): string {
  const levels = name
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]/gu, '_')
    .split(delimiter)
    .filter((level) => level !== '')
    .slice(0, defaultLimits.mailboxDepthMax)
  const whole = levels.join(delimiter)
  let short = whole
  while (Buffer.byteLength(short.normalize('NFC')) > defaultLimits.mailboxNameBytesMax)
    short = short.slice(0, -1).toWellFormed().replace(/\/$/, '')
  return validName(short === '' ? 'INBOX' : short, defaultLimits)
}
