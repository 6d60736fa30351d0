// The rules of inboxes as the directory has them now: read from their JSON once, and kept until the directory changes. A rule that can't be
// read, of a newer program or a damaged store, is passed over and said; the message goes where the others put it.

import type { AccountId, Directory, InboxRule } from '@postern/mailbox-store'
import { type Rule, RuleMistakes, readRule } from '@postern/rules'
import type { Logger } from '@postern/telemetry'
import { sending as limits } from '../limits.js'
import { askedTogether, KeptLookups } from '../sending/kept-lookups.js'

export interface StoredRule extends Rule {
  readonly publicId: string
  /** Of its sink, sealed. */
  readonly secret: string | undefined
}

export class StoredRules {
  readonly #directory: Directory
  readonly #logger: Logger
  readonly #kept: KeptLookups<readonly StoredRule[]>

  constructor(directory: Directory, logger: Logger) {
    this.#directory = directory
    this.#logger = logger
    this.#kept = new KeptLookups({ version: askedTogether(() => directory.version()), keysMax: limits.keptMax })
  }

  of(inbox: AccountId): Promise<readonly StoredRule[]> {
    return this.#kept.get(String(inbox), async () =>
      (await this.#directory.listRules(inbox)).flatMap((stored) => this.#read(stored) ?? []),
    )
  }

  #read(stored: InboxRule): StoredRule | undefined {
    try {
      return storedRule(stored)
    } catch (error) {
      const wrong = wrongWith(error)
      this.#logger.error({ rule: stored.publicId, wrong }, 'a rule cannot be read, and is passed over')
      return undefined
    }
  }
}

/** Throws what is wrong with it. */
export function storedRule({ publicId, secret, body, name, enabled }: InboxRule): StoredRule {
  return { ...readRule({ ...JSON.parse(body), name, enabled }), publicId, secret }
}

export function wrongWith(error: unknown): string {
  if (error instanceof RuleMistakes || error instanceof SyntaxError) return error.message
  throw error
}
