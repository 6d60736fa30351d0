// What conditions ask about, and how the header of a message reads to them: fields unfolded, encoded words and raw 8-bit text decoded
// (RFC 2047, RFC 6532), addresses taken apart before anything in them is decoded. Read once a message, and only when somebody asks.

import { addressList, decodeRawHeader, decodeWords, HeaderLines, iconvCharsets, latin1, unfold } from '@postern/message'
import { limits } from './limits.js'
import type { DmarcResult } from './rule.js'

export interface Facts {
  /** The header block of the message. */
  readonly header: Uint8Array
  readonly sizeBytes: number
  /** Of the envelope; empty for a null reverse-path. */
  readonly sender: string
  /** Of the envelope, as it was written. */
  readonly recipient: string
  /** The inbox's own address. */
  readonly inbox: string
  readonly spam: boolean
  readonly dmarc: DmarcResult
}

export interface ReadAddress {
  readonly address: string
  readonly local: string
  readonly domain: string
  readonly detail: string | undefined
  readonly name: string | undefined
}

export class Header {
  readonly #bytes: Uint8Array
  #fields: Map<string, string[]> | undefined

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.subarray(0, limits.headerBytesMax)
  }

  /** Decoded, in their order. */
  values(name: string): readonly string[] {
    return this.#raw(name).map((value) => decodeWords(value))
  }

  addresses(name: string): readonly ReadAddress[] {
    return this.#raw(name).flatMap((value) =>
      addressList(value, limits.addressesPerFieldMax).flatMap(({ name: phrase, mailbox, host }) =>
        mailbox === undefined || host === undefined
          ? []
          : [{ ...addressOf(mailbox, host), name: phrase === undefined ? undefined : decodeWords(phrase) }],
      ),
    )
  }

  /** Unfolded, with raw 8-bit text read. */
  #raw(name: string): readonly string[] {
    this.#fields ??= read(this.#bytes)
    return this.#fields.get(name.toLowerCase()) ?? []
  }
}

function read(bytes: Uint8Array): Map<string, string[]> {
  const { text, ascii } = latin1(bytes)
  const lines = new HeaderLines(text)
  const fields = new Map<string, string[]>()
  for (let count = 0; count < limits.fieldsMax && lines.next(); count++) {
    const name = text.slice(lines.nameStart, lines.nameEnd).toLowerCase()
    const end = Math.min(lines.valueEnd, lines.valueStart + limits.fieldCharactersMax)
    const sent = unfold(text.slice(lines.valueStart, end))
    const values = fields.get(name) ?? []
    values.push(ascii ? sent : decodeRawHeader(sent, undefined, iconvCharsets))
    fields.set(name, values)
  }
  return fields
}

/** Of the envelope: what stands behind the last @ is the domain. Undefined for a null reverse-path. */
export function envelopeAddress(path: string): ReadAddress | undefined {
  const at = path.lastIndexOf('@')
  if (path === '') return undefined
  return { ...addressOf(at < 0 ? path : path.slice(0, at), at < 0 ? '' : path.slice(at + 1)), name: undefined }
}

function addressOf(local: string, domain: string): Omit<ReadAddress, 'name'> {
  const plus = local.indexOf('+')
  const detail = plus > 0 && !local.startsWith('"') ? local.slice(plus + 1) : undefined
  return { address: domain === '' ? local : `${local}@${domain}`, local, domain, detail }
}
