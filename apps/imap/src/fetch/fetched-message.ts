// One message while FETCH writes it: its numbers, what the index says of it, its row, and its bytes when they're asked for.

import type { Content, MessageRow } from '@postern/mailbox-store'
import type { Session } from '../session.js'
import type { Targets } from '../targets.js'

export interface FetchedMessage {
  readonly session: Session
  readonly number: number
  readonly uid: number
  readonly flags: number
  readonly modSeq: number
  readonly size: number
  readonly internalDate: number
  readonly saveDate: number
  readonly message: number
  readonly row: MessageRow | undefined
  readonly content: Content | undefined
  /** Bodies of parts without their transfer encoding, by the part's number; undefined where there is no such part. */
  readonly decoded: Map<string, Uint8Array | undefined>
}

export interface Read {
  readonly row?: MessageRow | undefined
  readonly content?: Content | undefined
}

export function fetchedMessage(
  session: Session,
  targets: Targets,
  { at, row, content }: Read & { at: number },
): FetchedMessage {
  return {
    session,
    number: targets.numbers[at] as number,
    uid: targets.uids[at] as number,
    flags: targets.flags[at] as number,
    modSeq: targets.modSeqs[at] as number,
    size: targets.sizes[at] as number,
    internalDate: targets.internalDates[at] as number,
    saveDate: targets.saveDates[at] as number,
    message: targets.messages[at] as number,
    row,
    content,
    decoded: new Map(),
  }
}
