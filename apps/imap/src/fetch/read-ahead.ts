// Many clients ask for one message a command, one after the other, and send the commands ahead. Then the next ones are read
// together, for the commands that are waiting already. What was read is let go when no command waits any more, so that a
// session between two commands holds nothing.

import type { Content, Entries } from '@postern/mailbox-store'
import type { View } from '../view.js'
import { heldBytesMax } from './slices.js'

const messagesMax = 64

export class ReadAhead {
  #held: Map<number, Content> | undefined
  /** The message behind those that were asked for. */
  #expected: number | undefined

  /** Undefined for a large message, and for one that's gone. */
  async content(view: View, message: number, uid: number): Promise<Content | undefined> {
    const held = this.#held?.get(message)
    if (held !== undefined) {
      this.#held?.delete(message)
      return held
    }
    const at = view.index.entries.find(uid)
    const isExpected = message === this.#expected && at >= 0
    const messages = isExpected ? following(view.index.entries, at) : Uint32Array.of(message)
    const contents = await view.open.contents(messages)
    if (messages.length > 1) this.#hold(messages, contents)
    this.#expected = at < 0 ? undefined : view.index.entries.messages[at + messages.length]
    return contents[0]
  }

  clear(): void {
    this.#held = undefined
  }

  #hold(messages: Uint32Array, contents: readonly (Content | undefined)[]): void {
    this.#held = new Map()
    for (let i = 1; i < messages.length; i++) {
      const content = contents[i]
      if (content !== undefined) this.#held.set(messages[i] as number, content)
    }
  }
}

/** This one and those behind it, as far as they may be held. */
function following({ length, messages, sizes }: Entries, from: number): Uint32Array {
  let to = from + 1
  let bytes = sizes[from] as number
  for (; to < Math.min(length, from + messagesMax); to++) {
    bytes += sizes[to] as number
    if (bytes > heldBytesMax) break
  }
  return messages.slice(from, to)
}
