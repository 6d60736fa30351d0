// The message that FETCH is writing: its numbers, what the index says of it, and what was read for it. One object goes from
// message to message, so that a mailbox of a million costs no object each.

import type { Content, Listings, MessageRow } from '@postern/mailbox-store'
import type { Session } from '../session.js'
import type { Targets } from '../targets.js'

/** What was read for some of the targets, which begin at `from`. */
export interface FetchSlice {
  readonly from: number
  readonly to: number
  readonly listings: Listings | undefined
  readonly rows: ReadonlyMap<number, MessageRow> | undefined
  readonly contents: readonly (Content | undefined)[] | undefined
}

const nothingDecoded: ReadonlyMap<string, Uint8Array | undefined> = new Map()

export class FetchedMessage {
  readonly session: Session
  readonly #targets: Targets
  #at = 0
  listings: Listings | undefined
  row: MessageRow | undefined
  content: Content | undefined
  /** Bodies of parts without their transfer encoding, by the part's number; undefined where there is no such part. */
  decoded = nothingDecoded

  constructor(session: Session, targets: Targets) {
    this.session = session
    this.#targets = targets
  }

  /** Goes to a target of the slice; false when that message has been purged meanwhile. */
  goTo(at: number, { from, listings, rows, contents }: FetchSlice): boolean {
    this.#at = at
    this.listings = listings
    this.row = rows?.get(this.message)
    this.content = contents?.[at - from]
    this.decoded = nothingDecoded
    if (listings?.seek(at - from) === false) return false
    return rows === undefined || this.row !== undefined
  }

  get number(): number {
    return this.#targets.numbers[this.#at] as number
  }

  get uid(): number {
    return this.#targets.uids[this.#at] as number
  }

  get flags(): number {
    return this.#targets.flags[this.#at] as number
  }

  get modSeq(): number {
    return this.#targets.modSeqs[this.#at] as number
  }

  get size(): number {
    return this.#targets.sizes[this.#at] as number
  }

  get internalDate(): number {
    return this.#targets.internalDates[this.#at] as number
  }

  get saveDate(): number {
    return this.#targets.saveDates[this.#at] as number
  }

  get message(): number {
    return this.#targets.messages[this.#at] as number
  }
}
