// ENVELOPE and BODYSTRUCTURE as they are stored: one column of bytes that FETCH copies into its answers. Two things are said
// shorter, a fifth of what a small message costs besides its bytes. Sender and Reply-To default to From (RFC 9051 §7.5.2),
// so that most envelopes say one address list three times: it stands here once. And most body structures begin and end
// with one of a few phrases, which have numbers.
//
//   seven lengths or numbers, seven bits to a byte: the envelope before From · From, if it stands for three · the rest of the
//   envelope · the phrases of the structure · the rest of it · both in UTF-8 for UTF8=ACCEPT, where they differ
//   then the texts themselves

import { putVarint, VarintReader } from './varint.js'

export interface ListingForms {
  /** 7-bit. */
  readonly envelope: string
  readonly bodyStructure: string
  readonly envelopeUtf8?: string | undefined
  readonly bodyStructureUtf8?: string | undefined
}

/** Takes bytes for an answer: from `start` to `end`. */
export interface ByteTarget {
  part(bytes: Uint8Array, start: number, end: number): unknown
}

/** Stored by their place, so that phrases are only ever added at the end; there are less than 64. */
const beginnings = [
  '',
  ...['PLAIN', 'HTML'].flatMap((subtype) =>
    ['utf-8', 'UTF-8', 'us-ascii', 'iso-8859-1', 'ISO-8859-1'].flatMap((charset) =>
      ['', '('].map((open) => `${open}("TEXT" "${subtype}" ("CHARSET" "${charset}") NIL NIL "`),
    ),
  ),
]
const endings = ['', ' NIL NIL NIL NIL)', ' NIL NIL NIL)']
const phrase = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const beginningBytes = beginnings.map(phrase)
const endingBytes = endings.map(phrase)
const space = phrase(' ')
const longestBeginning = Math.max(...beginnings.map(({ length }) => length))

export function packListing({ envelope, bodyStructure, envelopeUtf8, bodyStructureUtf8 }: ListingForms): Uint8Array {
  const [before, from, rest] = splitEnvelope(envelope)
  const begins = beginningOf(bodyStructure)
  const ends = endingOf(bodyStructure, begins)
  const middle = bodyStructure.slice(beginnings[begins]?.length, bodyStructure.length - (endings[ends]?.length ?? 0))
  const texts = [before, from, rest, middle, envelopeUtf8 ?? '', bodyStructureUtf8 ?? '']
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = texts.map((text) => Buffer.byteLength(text))
  const head: number[] = []
  for (const value of [a, b, c, begins * endings.length + ends, d, e, f]) putVarint(head, value)
  const packed = Buffer.alloc(head.length + a + b + c + d + e + f)
  packed.set(head)
  packed.write(texts.join(''), head.length)
  return packed
}

function beginningOf(structure: string): number {
  const start = structure.slice(0, longestBeginning)
  const found = beginnings.findIndex((text, i) => i > 0 && start.startsWith(text))
  return Math.max(0, found)
}

function endingOf(structure: string, begins: number): number {
  const room = structure.length - (beginnings[begins]?.length ?? 0)
  const found = endings.findIndex((text, i) => i > 0 && text.length <= room && structure.endsWith(text))
  return Math.max(0, found)
}

/** `(date subject `, FROM, ` to …)` where FROM stands three times; else all of it is the first. */
function splitEnvelope(envelope: string): [string, string, string] {
  const from = skipString(envelope, skipString(envelope, 1) + 1) + 1
  const end = skipList(envelope, from)
  const list = envelope.slice(from, end)
  const repeated = ` ${list} ${list}`
  if (list.length < 8 || !envelope.startsWith(repeated, end)) return [envelope, '', '']
  return [envelope.slice(0, from), list, envelope.slice(end + repeated.length)]
}

/** nstring = string / nil; returns where it ends. */
function skipString(text: string, at: number): number {
  if (text[at] !== '"') return at + 3
  let i = at + 1
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i + 1
}

/** A list in parentheses, strings and inner lists passed over, or NIL. */
function skipList(text: string, at: number): number {
  let depth = 0
  let i = at
  while (i < text.length) {
    const c = text[i]
    if (c === '"') i = skipString(text, i) - 1
    else if (c === '(') depth++
    else if (c === ')') depth--
    i++
    if (depth === 0) return c === ')' ? i : at + 3
  }
  return i
}

/** Reads one packed listing after the other out of larger bytes. */
export class ListingCursor {
  readonly #reader: VarintReader
  #before = 0
  #from = 0
  #rest = 0
  #phrases = 0
  #middle = 0
  #envelopeUtf8 = 0
  #structureUtf8 = 0
  /** Where the texts begin. */
  #texts = 0

  constructor(bytes: Uint8Array) {
    this.#reader = new VarintReader(bytes)
  }

  /** Goes to the listing that begins at `start`, and says where it ends. */
  seek(start: number): number {
    const reader = this.#reader
    reader.at = start
    this.#before = reader.next()
    this.#from = reader.next()
    this.#rest = reader.next()
    this.#phrases = reader.next()
    this.#middle = reader.next()
    this.#envelopeUtf8 = reader.next()
    this.#structureUtf8 = reader.next()
    this.#texts = reader.at
    return this.#texts + this.#sevenBit + this.#envelopeUtf8 + this.#structureUtf8
  }

  get #sevenBit(): number {
    return this.#before + this.#from + this.#rest + this.#middle
  }

  envelope(into: ByteTarget, { utf8 }: { utf8: boolean }): void {
    const { bytes } = this.#reader
    if (utf8 && this.#envelopeUtf8 > 0) {
      const start = this.#texts + this.#sevenBit
      into.part(bytes, start, start + this.#envelopeUtf8)
      return
    }
    const from = this.#texts + this.#before
    const rest = from + this.#from
    into.part(bytes, this.#texts, rest)
    if (this.#from === 0) return
    for (let i = 0; i < 2; i++) {
      into.part(space, 0, 1)
      into.part(bytes, from, rest)
    }
    into.part(bytes, rest, rest + this.#rest)
  }

  structure(into: ByteTarget, { utf8 }: { utf8: boolean }): void {
    const { bytes } = this.#reader
    if (utf8 && this.#structureUtf8 > 0) {
      const start = this.#texts + this.#sevenBit + this.#envelopeUtf8
      into.part(bytes, start, start + this.#structureUtf8)
      return
    }
    const begins = beginningBytes[Math.floor(this.#phrases / endings.length)] as Uint8Array
    const ends = endingBytes[this.#phrases % endings.length] as Uint8Array
    const middle = this.#texts + this.#before + this.#from + this.#rest
    into.part(begins, 0, begins.length)
    into.part(bytes, middle, middle + this.#middle)
    into.part(ends, 0, ends.length)
  }
}

class Gathered implements ByteTarget {
  readonly #parts: Uint8Array[] = []

  part(bytes: Uint8Array, start: number, end: number): void {
    this.#parts.push(bytes.subarray(start, end))
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString()
  }
}

/** The 7-bit BODYSTRUCTURE of a packed listing. */
export function structureOf(listing: Uint8Array): string {
  const cursor = new ListingCursor(listing)
  cursor.seek(0)
  const gathered = new Gathered()
  cursor.structure(gathered, { utf8: false })
  return gathered.text
}
