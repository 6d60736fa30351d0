/**
 * Rings on their way to Redis: merged as long as they wait, and bounded. When more wait than there's room for, one ring for
 * everybody takes their place: whoever hears it looks at all it listens to.
 */
import type { Ring } from './doorbell.js'

export type Published = Ring | 'everyone'

export class WaitingRings {
  readonly #max: number
  readonly #mailboxes = new Map<number, number>()
  readonly #records = new Set<string>()
  #isOutboxDue = false
  #isEveryone = false

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#mailboxes.size + this.#records.size + Number(this.#isOutboxDue) + Number(this.#isEveryone)
  }

  add(ring: Published): void {
    if (ring === 'everyone') this.#isEveryone = true
    else if ('mailbox' in ring) {
      const { mailbox, modSeq } = ring
      if (!this.#isEveryone) this.#mailboxes.set(mailbox, Math.max(modSeq, this.#mailboxes.get(mailbox) ?? 0))
    } else if ('directory' in ring) this.#records.add(ring.directory)
    else this.#isOutboxDue ||= !this.#isEveryone
    if (this.#mailboxes.size > this.#max) this.#toEveryone()
    // Every process also looks at the directory itself; what is told here is only told sooner.
    if (this.#records.size > this.#max) this.#records.clear()
  }

  /** Takes out up to so many, the directory's first: they end sessions. */
  take(count: number): Published[] {
    const taken: Published[] = []
    if (this.#isEveryone) taken.push('everyone')
    this.#isEveryone = false
    for (const directory of this.#records) {
      if (taken.length >= count) break
      this.#records.delete(directory)
      taken.push({ directory })
    }
    if (this.#isOutboxDue) taken.push({ outbox: 'due' })
    this.#isOutboxDue = false
    for (const [mailbox, modSeq] of this.#mailboxes) {
      if (taken.length >= count) break
      this.#mailboxes.delete(mailbox)
      taken.push({ mailbox, modSeq })
    }
    return taken
  }

  #toEveryone(): void {
    this.#isEveryone = true
    this.#mailboxes.clear()
    this.#isOutboxDue = false
  }
}
