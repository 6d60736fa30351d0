// Collects what the mutations of a group do to mailboxes that an index of this process follows. A mutation that gets a
// modseq for such a mailbox tells what it did with it; one that doesn't leaves a delta that says only that.

import { Entries, type Entry } from '../messages/entries.js'
import type { DeltaKind, MailboxDelta } from '../messages/mailbox-delta.js'
import type { MailboxRow } from './remembered-rows.js'

type Place = Pick<MailboxRow, 'id' | 'space' | 'shared' | 'modSeq'>
export type Follows = (mailbox: Pick<MailboxRow, 'id' | 'space' | 'shared'>) => boolean

export class Deltas {
  readonly #follows: Follows
  #deltas: MailboxDelta[] = []
  /** Of these, the mutations before this one. */
  #before = 0
  /** Changed by this mutation, and not yet told how. */
  readonly #untold = new Set<Place>()

  constructor(follows: Follows) {
    this.#follows = follows
  }

  beginMutation(): void {
    this.#before = this.#deltas.length
    this.#untold.clear()
  }

  changing(mailbox: Place): void {
    if (this.#follows(mailbox)) this.#untold.add(mailbox)
  }

  flags(mailbox: Place, changed: { readonly uids: Uint32Array; readonly flags: Uint32Array }): void {
    if (this.#follows(mailbox)) this.#tell(mailbox, { kind: 'flags', ...changed })
  }

  gone(mailbox: Place, uids: Uint32Array): void {
    if (this.#follows(mailbox)) this.#tell(mailbox, { kind: 'gone', uids })
  }

  placed(mailbox: Place, entry: Entry): void {
    if (!this.#follows(mailbox)) return
    const last = this.#deltas[this.#deltas.length - 1]
    const isOwn = this.#deltas.length > this.#before
    if (isOwn && last?.kind === 'new' && last.mailbox === mailbox.id) {
      push(last.entries, entry)
      this.#untold.delete(mailbox)
    } else {
      const entries = new Entries(1)
      entries.push(entry)
      this.#tell(mailbox, { kind: 'new', entries })
    }
  }

  #tell(mailbox: Place, kind: DeltaKind): void {
    const { id, space, shared, modSeq } = mailbox
    this.#deltas.push({ mailbox: id, space, shared, modSeq, ...kind })
    this.#untold.delete(mailbox)
  }

  /** Where something is untold, what was told of that mailbox isn't all there is to know, and so is nothing to go by. */
  endMutation(): void {
    for (const mailbox of this.#untold) {
      const own = this.#deltas.splice(this.#before)
      this.#deltas.push(...own.filter((delta) => delta.mailbox !== mailbox.id))
      this.#tell(mailbox, { kind: 'other' })
    }
  }

  undoMutation(): void {
    this.#deltas.length = this.#before
    this.#untold.clear()
  }

  take(): readonly MailboxDelta[] {
    const taken = this.#deltas
    this.#deltas = []
    this.#before = 0
    return taken
  }

  forget(): void {
    this.take()
    this.#untold.clear()
  }
}

function push(entries: Entries, entry: Entry): void {
  if (entries.length === entries.capacity) entries.grow(entries.capacity * 2)
  entries.push(entry)
}
