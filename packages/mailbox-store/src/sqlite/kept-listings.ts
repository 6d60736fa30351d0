// Listings that were lately read, as SQLite joined them. Phones, desktops and webmail of one inbox ask for the same headers
// again and again, and reading a message's row costs more than sending what stands in it. A message never changes and its
// number is never given again, so what is kept is right for ever; the least recently used goes when there's no more room.

import { Listings, type ListingWants } from '../messages/listings.js'
import type { Connection } from './connection.js'
import { type JoinedListings, readListings } from './joined-reads.js'

/** Fewer are looked up as quickly as they're found here. */
const messagesMin = 16
/** What an entry costs besides its bytes. */
const entryBytes = 512

interface Kept extends JoinedListings {
  /** A copy: who asked may go on with the array. */
  readonly messages: Uint32Array
  readonly weight: number
}

export class KeptListings {
  readonly #bytesMax: number
  /** Least recently used first. */
  readonly #kept = new Map<string, Kept>()
  #bytes = 0

  constructor({ bytesMax }: { bytesMax: number }) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** In the order of `messages`; those that have been purged are missing there. */
  read(db: Connection, messages: Uint32Array, want: ListingWants): Listings {
    if (messages.length < messagesMin) return new Listings({ ...readListings(db, messages, want), want })
    const key = keyOf(messages, want)
    const found = this.#find(key, messages) ?? this.#keep(key, messages, readListings(db, messages, want))
    return new Listings({ bytes: found.bytes, places: found.places, want })
  }

  #find(key: string, messages: Uint32Array): Kept | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined || !areSame(kept.messages, messages)) return undefined
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    return kept
  }

  #keep(key: string, messages: Uint32Array, joined: JoinedListings): JoinedListings {
    const weight = joined.bytes.length + messages.byteLength + (joined.places?.byteLength ?? 0) + entryBytes
    // One that would drive out most of the others isn't worth it.
    if (weight > this.#bytesMax / 8) return joined
    this.#forget(key)
    this.#kept.set(key, { ...joined, messages: messages.slice(), weight })
    this.#bytes += weight
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#bytesMax) break
      this.#forget(oldest)
    }
    return joined
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.weight ?? 0
    this.#kept.delete(key)
  }
}

const keyOf = (messages: Uint32Array, { listing, header }: ListingWants): string =>
  `${listing === true ? 'l' : ''}${header === true ? 'h' : ''} ${messages[0]} ${messages[messages.length - 1]} ${messages.length}`

function areSame(a: Uint32Array, b: Uint32Array): boolean {
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false
  return a.length === b.length
}
