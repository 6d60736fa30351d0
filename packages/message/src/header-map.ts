// Where the fields of a header block are, found once when a message arrives: what HEADER.FIELDS asks for (RFC 9051 §6.4.5.1) is then
// a few copies, without a look at the header itself. `HeaderLines` decides what a field is, as for everybody else.
//
// The map is a list of lines from the block's start, each its name's number and its length, seven bits to a byte. Names that have no
// number are compared in the header. Lines behind the last field are left out.
import { HeaderLines } from './header-lines.js'
import { latin1 } from './latin1.js'

/** The numbers are stored: names are only ever added, at the end. */
const numberedNames = [
  ...['from', 'to', 'cc', 'bcc', 'subject', 'date', 'message-id', 'in-reply-to', 'references', 'reply-to', 'sender'],
  ...['content-type', 'content-transfer-encoding', 'mime-version', 'received', 'return-path', 'dkim-signature'],
  ...['authentication-results', 'arc-seal', 'arc-message-signature', 'arc-authentication-results', 'received-spf'],
  ...['delivered-to', 'x-received', 'list-id', 'list-unsubscribe', 'list-unsubscribe-post', 'list-post', 'list-help'],
  ...['list-subscribe', 'list-archive', 'precedence', 'priority', 'x-priority', 'importance', 'auto-submitted'],
  ...['x-mailer', 'user-agent', 'content-disposition', 'content-language', 'content-description', 'newsgroups'],
  ...['x-google-smtp-source', 'x-gm-message-state', 'x-originating-ip', 'x-spam-status', 'feedback-id', 'thread-topic'],
]
const otherName = 0
const noField = 255
const numbers = new Map(numberedNames.map((name, i) => [name, i + 1]))
const LF = 0x0a
const COLON = 0x3a
const SP = 0x20
const lineEnd = Uint8Array.of(0x0d, LF)

export function mapHeader(header: Uint8Array): Uint8Array {
  const { text } = latin1(header)
  const lines = new HeaderLines(text)
  const map: number[] = []
  let before = 0
  while (lines.next()) {
    if (lines.nameStart > before) putLine(map, noField, lines.nameStart - before)
    const name = text.slice(lines.nameStart, lines.nameEnd).toLowerCase()
    putLine(map, numbers.get(name) ?? otherName, lines.end - lines.nameStart)
    before = lines.end
  }
  return Uint8Array.from(map)
}

function putLine(map: number[], number: number, length: number): void {
  map.push(number)
  let rest = length
  while (rest > 127) {
    map.push((rest & 127) | 128)
    rest = Math.floor(rest / 128)
  }
  map.push(rest)
}

/** A map and its header, which may stand within larger bytes. */
export interface MappedHeader {
  readonly bytes: Uint8Array
  readonly map: { readonly start: number; readonly end: number }
  readonly header: { readonly start: number; readonly end: number }
}

/** Some fields, by name, or all others: made once for a command, asked for each message. The same as `headerFields`. */
export class FieldPick {
  readonly #not: boolean
  readonly #wanted = new Uint8Array(256)
  readonly #others: Uint8Array[] = []
  #ranges = new Int32Array(32)
  #count = 0
  #bytes: Uint8Array = lineEnd
  #isBrokenOff = false

  constructor(names: readonly string[], not = false) {
    this.#not = not
    this.#wanted.fill(not ? 1 : 0)
    this.#wanted[noField] = 0
    for (const name of names.map((each) => each.toLowerCase())) {
      const number = numbers.get(name)
      if (number !== undefined) this.#wanted[number] = not ? 0 : 1
      else this.#others.push(Uint8Array.from(name, (c) => c.charCodeAt(0)))
    }
  }

  /** Finds them, and says how many bytes they are, the blank line included. */
  find({ bytes, map, header }: MappedHeader): number {
    const wanted = this.#wanted
    this.#bytes = bytes
    this.#count = 0
    let size = 2
    let at = header.start
    let i = map.start
    while (i < map.end) {
      const number = bytes[i++]!
      let length = bytes[i++]!
      if (length > 127) {
        length &= 127
        for (let scale = 128, more = true; more; scale *= 128) {
          const next = bytes[i++]!
          length += (next & 127) * scale
          more = next > 127
        }
      }
      const isCompared = number === otherName && this.#others.length > 0
      if (isCompared ? this.#isOther(bytes, at, header.end) !== this.#not : wanted[number] === 1) {
        this.#add(at, at + length)
        size += length
      }
      at += length
    }
    // A header that breaks off inside of a field.
    const end = this.#count === 0 ? 0 : this.#ranges[this.#count - 1]!
    this.#isBrokenOff = end > 0 && bytes[end - 1] !== LF
    return this.#isBrokenOff ? size + 2 : size
  }

  /** What was found last, piece by piece. */
  write(into: { part(bytes: Uint8Array, start: number, end: number): unknown }): void {
    for (let i = 0; i < this.#count; i += 2) into.part(this.#bytes, this.#ranges[i]!, this.#ranges[i + 1]!)
    if (this.#isBrokenOff) into.part(lineEnd, 0, 2)
    into.part(lineEnd, 0, 2)
  }

  /** Neighbours are one range. */
  #add(start: number, end: number): void {
    if (this.#count > 0 && this.#ranges[this.#count - 1] === start) {
      this.#ranges[this.#count - 1] = end
      return
    }
    if (this.#count === this.#ranges.length) {
      const wider = new Int32Array(this.#count * 2)
      wider.set(this.#ranges)
      this.#ranges = wider
    }
    this.#ranges[this.#count++] = start
    this.#ranges[this.#count++] = end
  }

  /** Whether the line that begins here has one of the names that have no number. */
  #isOther(bytes: Uint8Array, start: number, limit: number): boolean {
    return this.#others.some((name) => {
      let at = start
      for (let i = 0; i < name.length; i++, at++) if (at >= limit || lowerCase(bytes[at]!) !== name[i]) return false
      while (at < limit && bytes[at]! <= SP) at++
      return bytes[at] === COLON
    })
  }
}

const lowerCase = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte)
