// Many clients ask for one message a command, one after the other, and send the commands ahead. Then the next ones are read
// together, for the commands that are waiting already. What was read is let go when no command waits any more, so that a
// session between two commands holds nothing.

import type { Content } from '@postern/mailbox-store'
import type { View } from '../view.js'
import { heldBytesMax, heldMessageBytesMax } from './held-bytes.js'

const messagesMax = 64

export class ReadAhead {
  readonly #held = new Map<number, Content>()
  /** The message behind those that were asked for. */
  #expected: number | undefined

  /** Undefined for a large message, and for one that's gone. */
  async content(view: View, message: number, uid: number): Promise<Content | undefined> {
    const held = this.#held.get(message)
    if (held !== undefined) {
      this.#held.delete(message)
      return held
    }
    const messages = message === this.#expected ? this.#following(view, uid) : Uint32Array.of(message)
    const [content, ...others] = await view.open.contents(messages)
    for (const [i, other] of others.entries()) if (other !== undefined) this.#held.set(messages[i + 1] as number, other)
    const { entries } = view.index
    this.#expected = entries.messages[entries.find(uid) + messages.length]
    return content
  }

  clear(): void {
    if (this.#held.size > 0) this.#held.clear()
  }

  /** This one and those behind it, as far as they may be held. */
  #following(view: View, uid: number): Uint32Array {
    const { entries } = view.index
    const from = entries.find(uid)
    let to = from + 1
    let bytes = entries.sizes[from] as number
    for (; to < Math.min(entries.length, from + messagesMax); to++) {
      const size = entries.sizes[to] as number
      if (size <= heldMessageBytesMax) bytes += size
      if (bytes > heldBytesMax) break
    }
    this.#held.clear()
    return entries.messages.slice(from, to)
  }
}
