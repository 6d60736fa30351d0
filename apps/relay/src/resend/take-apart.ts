/**
 * A message taken apart into the fields of Resend's API, which takes no raw MIME: sender, subject, text, HTML, attachments and the other
 * header fields (RFC 5322 §3.6, RFC 2045 to 2047). What would come out as another message than the sender wrote is refused with a
 * text that says why: signed and encrypted mail, attached messages, reports, calendars as an alternative, several texts in a row.
 * Trace fields and DKIM signatures are left out: they are about the bytes that aren't sent.
 */
import {
  addressList,
  decodeTransfer,
  decodeWords,
  defaultLimits,
  iconvCharsets,
  type Part,
  parseMessage,
} from '@postern/message'

export interface TakenApart {
  readonly from: string
  readonly subject: string
  readonly replyTo: readonly string[]
  /** As the header has them: who of them is sent to is the envelope's to say. */
  readonly to: readonly Mailbox[]
  readonly cc: readonly Mailbox[]
  readonly text: string | undefined
  readonly html: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly attachments: readonly Attachment[]
}

export interface Mailbox {
  readonly address: string
  readonly shown: string
}

export interface Attachment {
  readonly filename: string
  /** Base64. */
  readonly content: string
  readonly content_type: string
  readonly content_id?: string
}

export class NotCarried extends Error {
  override readonly name = 'NotCarried'
}

/** Resend's own fields, what is about the bytes on the wire, and what it sets itself. */
const otherwise =
  /^(?:from|to|cc|bcc|reply-to|subject|date|mime-version|content-.*|received.*|return-path|delivered-to|x-original-to|dkim-signature|arc-.*|authentication-results)$/

export function takeApart(bytes: Buffer): TakenApart {
  const { root, bodyStart } = parseMessage(bytes)
  const fields = headerFields(bytes.toString('utf8', 0, bodyStart))
  const named = (name: string) => fields.filter((field) => field.name === name).map(({ value }) => value)
  const mailboxes = (name: string) => named(name).flatMap(mailboxesOf)
  const [from, ...more] = mailboxes('from')
  if (from === undefined || more.length > 0) throw new NotCarried('it has not one sender in From')
  const content = new Content(bytes)
  content.take(root)
  return {
    from: from.shown,
    subject: decodeWords(named('subject')[0] ?? ''),
    replyTo: mailboxes('reply-to').map(({ shown }) => shown),
    to: mailboxes('to'),
    cc: mailboxes('cc'),
    text: content.text,
    html: content.html,
    headers: otherFields(fields),
    attachments: content.attachments,
  }
}

interface Field {
  readonly name: string
  readonly given: string
  readonly value: string
}

function headerFields(block: string): readonly Field[] {
  return block.split(/\r?\n(?![ \t])/).flatMap((line) => {
    const [, given, value] = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(line) ?? []
    if (given === undefined || value === undefined) return []
    return [{ given, name: given.toLowerCase(), value: value.replace(/\r?\n/g, '').trim() }]
  })
}

function otherFields(fields: readonly Field[]): Readonly<Record<string, string>> {
  const others = fields.filter(({ name }) => !otherwise.test(name))
  const twice = others.find(({ name }, at) => others.findIndex((one) => one.name === name) !== at)
  if (twice !== undefined) throw new NotCarried(`its header has ${twice.given} more than once`)
  return Object.fromEntries(others.map(({ given, value }) => [given, decodeWords(value)]))
}

function mailboxesOf(value: string): readonly Mailbox[] {
  return addressList(value, defaultLimits.addressesMax).flatMap(({ name, mailbox, host }) => {
    if (mailbox === undefined || host === undefined) return []
    const address = `${mailbox}@${host}`
    const shown = name === undefined || name === '' ? '' : decodeWords(name).replace(/["\\]/g, '\\$&')
    return [{ address, shown: shown === '' ? address : `"${shown}" <${address}>` }]
  })
}

/** What the tree of parts comes to, or the reason why it can't be told so. */
class Content {
  text: string | undefined
  html: string | undefined
  readonly attachments: Attachment[] = []
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  take(part: Part): void {
    const kind = `${part.type}/${part.subtype}`.toLowerCase()
    if (part.children.length > 0) this.#takeAll(part, kind)
    else if (this.#isText(part, kind)) this.#takeText(part, kind)
    else this.#attach(part, kind)
  }

  #takeAll(part: Part, kind: string): void {
    if (!/^multipart\/(?:mixed|alternative|related)$/.test(kind)) throw new NotCarried(`it is ${kind}`)
    const others = part.children.filter((child) => kind === 'multipart/alternative' && !isAlternative(child))
    if (others.length > 0)
      throw new NotCarried(`one of its alternatives is ${others[0]!.type}/${others[0]!.subtype}`.toLowerCase())
    for (const child of part.children) this.take(child)
  }

  #isText(part: Part, kind: string): boolean {
    return (kind === 'text/plain' || kind === 'text/html') && part.disposition?.type.toUpperCase() !== 'ATTACHMENT'
  }

  #takeText(part: Part, kind: string): void {
    const charset = parameter(part.params, 'CHARSET') ?? 'us-ascii'
    const text = iconvCharsets.decode(this.#decoded(part), charset)
    if (text === undefined) throw new NotCarried(`its text is in ${charset}`)
    const isSecond = kind === 'text/html' ? this.html !== undefined : this.text !== undefined
    if (isSecond || this.attachments.length > 0)
      throw new NotCarried('it has several texts, or text behind an attachment')
    if (kind === 'text/html') this.html = text
    else this.text = text
  }

  #attach(part: Part, kind: string): void {
    if (part.type === 'MESSAGE') throw new NotCarried(`it has a ${kind} inside`)
    if (/^application\/(?:x-)?(?:pkcs7-(?:mime|signature)|pgp-(?:encrypted|signature))$/.test(kind))
      throw new NotCarried(`it has ${kind} inside: signed or encrypted mail`)
    const type = [
      kind,
      ...part.params.filter(([name]) => name !== 'NAME').map(([name, value]) => `${name.toLowerCase()}="${value}"`),
    ]
    const filename = parameter(part.disposition?.params ?? [], 'FILENAME') ?? parameter(part.params, 'NAME')
    const id = part.id?.replace(/^<|>$/g, '')
    this.attachments.push({
      filename: filename ?? `attachment-${this.attachments.length + 1}`,
      content: Buffer.from(this.#decoded(part)).toString('base64'),
      content_type: type.join('; '),
      ...(id === undefined ? {} : { content_id: id }),
    })
  }

  #decoded(part: Part): Uint8Array {
    const bytes = decodeTransfer(this.#bytes.subarray(part.bodyStart, part.bodyEnd), part.encoding)
    if (bytes === undefined) throw new NotCarried(`a part is encoded as ${part.encoding}`)
    return bytes
  }
}

const isAlternative = ({ type, subtype, children }: Part): boolean =>
  (type === 'TEXT' && (subtype === 'PLAIN' || subtype === 'HTML')) || (children.length > 0 && subtype === 'RELATED')

const parameter = (params: readonly (readonly [string, string])[], name: string): string | undefined =>
  params.find(([one]) => one === name)?.[1]
