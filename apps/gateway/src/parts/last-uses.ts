// When and from where each credential was used last (contract B5). The note is a commit, so it's made again only after a while, for each
// network and client that the credential comes with: a program that connects anew for each message costs no commit more than one that stays.

import type { Admitted } from '@postern/auth'
import type { Store } from '@postern/mailbox-store'
import type { Logger } from '@postern/telemetry'
import { lastUsedNoteMs, lastUsesMax } from '../limits.js'
import type { DirectoryRecords } from './directory-lookups.js'

export interface LastUsesOptions {
  readonly store: () => Store
  readonly logger: Logger
  readonly clock: () => number
}

export class LastUses {
  readonly #options: LastUsesOptions
  /** When, by credential, network and client; what was noted last stands at the end. */
  readonly #noted = new Map<string, number>()

  constructor(options: LastUsesOptions) {
    this.#options = options
  }

  /** A session doesn't wait for this note, nor fail with it: a full disk still lets people read their mail. */
  note(
    { credential, address: network, protocol }: Admitted<DirectoryRecords>,
    { client }: { readonly client: string | undefined },
  ): void {
    if (credential === undefined) return
    const { store, logger, clock } = this.#options
    const at = clock()
    const key = JSON.stringify([credential.id, network, client])
    if (at - (this.#noted.get(key) ?? Number.NEGATIVE_INFINITY) < lastUsedNoteMs) return
    this.#remember(key, at)
    store()
      .directory.touchCredential(credential.id, { at, protocol, network, client })
      .catch((err: unknown) => logger.warn({ err }, 'last use not noted'))
  }

  #remember(key: string, at: number): void {
    this.#noted.delete(key)
    this.#noted.set(key, at)
    const [oldest] = this.#noted.size > lastUsesMax ? this.#noted.keys() : []
    if (oldest !== undefined) this.#noted.delete(oldest)
  }
}
