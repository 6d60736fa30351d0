// Signs what leaves with the keys of the domain that it's from: the From field's, which is what DMARC compares, or else the
// sender's. The body is read once, however many keys there are, and never held; the fields of a message are kept a while for its
// other parcels and tries.

import type { Content, MessageId } from '@postern/mailbox-store'
import type { Route } from '@postern/routing'
import { fromDomain, type OutgoingHeader } from '../outgoing-header.js'
import { signaturesKeptMax } from '../relay-limits.js'
import type { OutgoingMessage } from '../transport.js'
import { RelaxedBody } from './canonical.js'
import { type DkimKey, type Signing, signatureField } from './signature.js'

export interface SignerOptions {
  /** The keys of a domain; none where it has none. */
  readonly dkimOf: (domain: string) => Promise<readonly DkimKey[]>
  /** Unix milliseconds. */
  readonly clock: () => number
}

export interface ToSign {
  readonly message: MessageId
  readonly sender: string
  readonly content: Content
  readonly header: OutgoingHeader
  readonly route: Route
  /** It came from elsewhere: a signature would say that it's ours. */
  readonly foreign?: boolean
}

export class Signer {
  readonly #options: SignerOptions
  readonly #kept = new Map<string, Promise<Uint8Array>>()

  constructor(options: SignerOptions) {
    this.#options = options
  }

  async outgoing(toSign: ToSign): Promise<OutgoingMessage> {
    const { content, route, foreign } = toSign
    const leaveOut = foreign ? undefined : replacedBy(route)
    if (leaveOut === undefined) return { size: content.size, read: () => content.stream() }
    const fields = await this.#fieldsFor(toSign, leaveOut)
    return {
      size: fields.length + content.size,
      async *read() {
        if (fields.length > 0) yield fields
        yield* content.stream()
      },
    }
  }

  #fieldsFor(toSign: ToSign, leaveOut: readonly string[]): Promise<Uint8Array> {
    const key = `${toSign.message} ${leaveOut.join()}`
    const kept = this.#kept.get(key)
    if (kept !== undefined) return kept
    const made = this.#sign(toSign, leaveOut)
    this.#kept.set(key, made)
    made.catch(() => this.#kept.delete(key))
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= signaturesKeptMax) break
      this.#kept.delete(oldest)
    }
    return made
  }

  async #sign({ sender, content, header }: ToSign, leaveOut: readonly string[]): Promise<Uint8Array> {
    const { bodyStart, fields } = header
    const found = bodyStart === undefined ? undefined : await this.#keysFor(header, sender)
    if (bodyStart === undefined || found === undefined) return new Uint8Array(0)
    const body = new RelaxedBody()
    for await (const piece of content.stream({ start: bodyStart, end: content.size })) body.update(piece)
    const now = Math.floor(this.#options.clock() / 1000)
    const signing: Signing = { domain: found.domain, fields, bodyHash: body.digest(), now, leaveOut }
    const signatures = await Promise.all(found.keys.map((key) => signatureField(key, signing)))
    return Buffer.from(signatures.join(''), 'latin1')
  }

  async #keysFor(
    header: OutgoingHeader,
    sender: string,
  ): Promise<{ domain: string; keys: readonly DkimKey[] } | undefined> {
    const senderDomain = sender.slice(sender.lastIndexOf('@') + 1).toLowerCase()
    for (const domain of new Set([fromDomain(header), senderDomain])) {
      const keys = domain ? await this.#options.dkimOf(domain) : []
      if (domain && keys.length > 0) return { domain, keys }
    }
    return undefined
  }
}

/** Fields that can't be signed on this route; undefined where the message is written anew and a signature would be broken. */
function replacedBy(route: Route): readonly string[] | undefined {
  switch (route.kind) {
    case 'smart-host':
    case 'direct':
      return []
    case 'ses':
      return ['date', 'message-id']
    case 'resend':
    case 'none':
      return undefined
  }
}
