// When a client's own copy and the submission's are the same message (contract E3): they have one Message-ID, one Date as an
// instant, the same From addresses in whatever order, and bodies that differ in nothing but line ends, trailing white space
// and trailing blank lines. All other fields may differ: a client folds them its own way, keeps its Bcc and adds fields.

import { createHash, type Hash } from 'node:crypto'
import { addressList, headerFields, parseMessage } from '@postern/message'
import { messageIdHash, type PreparedMessage } from './prepare.js'

/** A hash of the message's Message-ID, by which processes talk of it; undefined where it has none. */
export function messageIdHashOf({ refs }: Pick<PreparedMessage, 'refs'>): number | undefined {
  const [own] = new Float64Array(Uint8Array.from(refs.subarray(0, Float64Array.BYTES_PER_ELEMENT)).buffer)
  return own === 0 ? undefined : own
}

/** Of a message that isn't staged yet: its header block is enough. */
export function messageIdHashIn(header: Uint8Array): number | undefined {
  const { messageId } = parseMessage(header)
  return messageId === undefined ? undefined : messageIdHash(messageId)
}

const fromAddressesMax = 1_000

/** What the headers of the same message have in common, as text; undefined where one of the three is missing. */
export function headerIdentity(header: Uint8Array): string | undefined {
  const { messageId, sort } = parseMessage(header)
  const from = fromAddresses(header)
  if (messageId === undefined || sort.date === undefined || from.length === 0) return undefined
  return JSON.stringify([messageId, sort.date, from])
}

function fromAddresses(header: Uint8Array): string[] {
  const fields = Buffer.from(headerFields(header, ['From'])).toString('latin1')
  const addresses = fields
    .split(/^from[ \t]*:/im)
    .flatMap((value) => addressList(value, fromAddressesMax))
    .flatMap(({ mailbox, host }) =>
      mailbox === undefined || host === undefined ? [] : [`${mailbox}@${host}`.toLowerCase()],
    )
  return Array.from(new Set(addresses)).sort()
}

const CR = 0x0d
const LF = 0x0a
const SP = 0x20
const TAB = 0x09
const roomBytes = 65_536
/** White space at a line's end beyond this is compared as it is: memory is bounded. */
const trailingBytesMax = 4_096

/** Equal for bodies that are the same message's. Takes them piece by piece. */
export class BodyDigest {
  readonly #hash: Hash = createHash('sha256')
  readonly #room = new Uint8Array(roomBytes)
  #held = 0
  /** Line ends, and behind them white space, that nothing has followed yet. */
  #lineEnds = 0
  readonly #blanks = new Uint8Array(trailingBytesMax)
  #blankCount = 0
  #afterCr = false

  add(piece: Uint8Array): void {
    for (const byte of piece) {
      if (byte === LF && this.#afterCr) this.#afterCr = false
      else if (byte === LF || byte === CR) this.#endLine(byte === CR)
      else {
        this.#afterCr = false
        if (byte === SP || byte === TAB) this.#blank(byte)
        else this.#text(byte)
      }
    }
  }

  end(): Buffer {
    this.#hash.update(this.#room.subarray(0, this.#held))
    return this.#hash.digest()
  }

  #endLine(isCr: boolean): void {
    this.#afterCr = isCr
    this.#blankCount = 0
    this.#lineEnds++
  }

  #blank(byte: number): void {
    if (this.#blankCount === trailingBytesMax) this.#text(byte)
    else this.#blanks[this.#blankCount++] = byte
  }

  #text(byte: number): void {
    for (; this.#lineEnds > 0; this.#lineEnds--) this.#put(LF)
    for (let i = 0; i < this.#blankCount; i++) this.#put(this.#blanks[i] as number)
    this.#blankCount = 0
    this.#put(byte)
  }

  #put(byte: number): void {
    if (this.#held === roomBytes) {
      this.#hash.update(this.#room)
      this.#held = 0
    }
    this.#room[this.#held++] = byte
  }
}
