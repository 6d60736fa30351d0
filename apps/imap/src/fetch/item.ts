// A FETCH item, ready to be written for one message after the other: all that is the same for every message (names, the names
// of header fields, the form of ENVELOPE) was settled when the command began.

import { Writer } from '@postern/imap-wire'
import type { ListingWants, RowWants } from '@postern/mailbox-store'
import type { Out } from '../out.js'
import type { Targets } from '../targets.js'
import type { FetchedMessage } from './fetched-message.js'

/** What must be read of a message, and whether that sets \Seen. */
export interface Needs extends ListingWants, RowWants {
  readonly bytes?: boolean
  readonly seen?: boolean
}

/** Its value stands in a column of the targets, or is written for each message. */
export type FetchItem = ItemHead & (OfColumn | Written)

interface ItemHead {
  readonly needs: Needs
  /** What stands before the value, with a space before it and behind it; the space alone where the value says its name. */
  readonly name: Uint8Array
  /** Of what can't be written at once. Before the line begins, since it may be refused. */
  readonly prepare?: (message: FetchedMessage) => Promise<void>
}

interface OfColumn {
  readonly column: { [K in keyof Targets]: Targets[K] extends Uint32Array ? K : never }[keyof Targets]
  /** What is sent for a number, where it isn't the number itself. */
  readonly text?: (number: number) => Uint8Array
  readonly write?: undefined
}

interface Written {
  readonly column?: undefined
  readonly text?: undefined
  readonly write: WriteValue
}

/** Returns a promise only where the value is read while it's written. */
export type WriteValue = (message: FetchedMessage, out: Out) => Promise<void> | undefined | void

const shared = new Writer()

export function bytesOf(write: (w: Writer) => void, { utf8 = false }: { utf8?: boolean } = {}): Uint8Array {
  shared.utf8 = utf8
  write(shared)
  const written = shared.take()
  const bytes = written.slice()
  shared.giveBack(written)
  return bytes
}
