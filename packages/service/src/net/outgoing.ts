/**
 * The way out of a connection: what's written in one turn of the event loop goes out in one piece, big pieces go in slices,
 * and the next slice waits until the kernel took the one before. So it's known at every moment how much a client has left
 * unread and whether it moves: a client that doesn't read costs a bounded buffer for a bounded time (contract C11).
 */
import type { Socket } from 'node:net'

export interface OutgoingLimits {
  /** Above it, write() returns a promise that resolves when the buffer is down to half. */
  readonly writeBufferBytesMax: number
  /** How long a client may take nothing at all of what's waiting for it. */
  readonly writeStallTimeoutMs: number
}

const sliceBytes = 64 * 1024
/** Writers that ignore back-pressure are cut off at so many times writeBufferBytesMax. */
const overrunFactor = 16

export class Outgoing {
  readonly #limits: OutgoingLimits
  /** Called with the reason when the connection has to go. */
  readonly #fail: (reason: string) => void
  #socket: Socket
  #pending: Buffer[] = []
  #pendingBytes = 0
  #isSending = false
  #isHeld = false
  #scheduled: NodeJS.Immediate | undefined
  #stallTimer: NodeJS.Timeout | undefined
  #waiting: { readonly belowBytes: number; readonly resolve: () => void }[] = []
  #isClosed = false

  constructor(socket: Socket, limits: OutgoingLimits, fail: (reason: string) => void) {
    this.#socket = socket
    this.#limits = limits
    this.#fail = fail
  }

  /** Written but not yet taken by the kernel. */
  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** Returns a promise when the writer should wait before it writes more. After close() nothing happens. */
  write(data: string | Uint8Array): Promise<void> | undefined {
    if (this.#isClosed) return undefined
    const bytes = typeof data === 'string' ? Buffer.from(data) : viewOf(data)
    if (bytes.length === 0) return undefined
    if (this.#pendingBytes >= this.#limits.writeBufferBytesMax * overrunFactor) {
      this.#fail('output overrun')
      return undefined
    }
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    if (this.#pendingBytes >= sliceBytes) this.#send()
    else this.#scheduled ??= setImmediate(() => this.#send())
    if (this.#pendingBytes < this.#limits.writeBufferBytesMax) return undefined
    return this.#takenDownTo(this.#limits.writeBufferBytesMax / 2)
  }

  /** Resolves when the kernel has taken everything, or the connection is gone. */
  flushed(): Promise<void> {
    this.#send()
    return this.#takenDownTo(0)
  }

  /** Keeps back what's written from now on; only when everything was flushed. */
  hold(): void {
    this.#isHeld = true
  }

  /** Goes on with another socket over the same connection. */
  moveTo(socket: Socket): void {
    this.#socket = socket
    this.#isHeld = false
    this.#send()
  }

  /** Forgets what's pending and lets go everyone who waits. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#stallTimer)
    if (this.#scheduled) clearImmediate(this.#scheduled)
    this.#pending = []
    this.#pendingBytes = 0
    this.#letGo()
  }

  #takenDownTo(belowBytes: number): Promise<void> {
    if (this.#isClosed || this.#pendingBytes <= belowBytes) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ belowBytes, resolve }))
  }

  #send(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    if (this.#isSending || this.#isHeld || this.#isClosed || this.#pendingBytes === 0) return
    const slice = this.#takeSlice()
    this.#isSending = true
    this.#stallTimer ??= setTimeout(() => this.#fail('write stalled'), this.#limits.writeStallTimeoutMs)
    this.#stallTimer.refresh()
    this.#socket.write(slice, (error) => {
      this.#isSending = false
      if (this.#isClosed || error) return
      this.#pendingBytes -= slice.length
      this.#letGo()
      if (this.#pendingBytes > 0) return this.#send()
      clearTimeout(this.#stallTimer)
      this.#stallTimer = undefined
    })
  }

  /** The first bytes of what's pending, in one buffer. */
  #takeSlice(): Buffer {
    const parts: Buffer[] = []
    let room = sliceBytes
    let taken = 0
    for (; taken < this.#pending.length && room > 0; taken++) {
      const part = this.#pending[taken]!
      if (part.length > room) break
      parts.push(part)
      room -= part.length
    }
    const next = this.#pending[taken]
    if (next && room > 0) {
      parts.push(next.subarray(0, room))
      this.#pending[taken] = next.subarray(room)
    }
    // An emptied array would keep its room, in each of thousands of idle connections.
    if (taken === this.#pending.length) this.#pending = []
    else this.#pending.splice(0, taken)
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  #letGo(): void {
    const ready = this.#waiting.filter((waiter) => this.#isClosed || this.#pendingBytes <= waiter.belowBytes)
    if (ready.length === 0) return
    this.#waiting = this.#waiting.filter((waiter) => !ready.includes(waiter))
    for (const waiter of ready) waiter.resolve()
  }
}

function viewOf(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}
