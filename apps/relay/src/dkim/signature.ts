// DKIM-Signature fields for one message (RFC 6376, RFC 8463): relaxed/relaxed, one field a key, RSA and Ed25519 side by side. What a
// reader trusts is signed once more often than it's there, so that nobody can add a second From or Subject (RFC 6376 §8.15).

import { createHash, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import type { HeaderField } from '../outgoing-header.js'
import { relaxedField } from './canonical.js'

export interface DkimKey {
  readonly selector: string
  /** RSA or Ed25519. */
  readonly privateKey: KeyObject
}

export interface Signing {
  readonly domain: string
  readonly fields: readonly HeaderField[]
  /** Of the relaxed body, in base64. */
  readonly bodyHash: string
  /** Unix seconds. */
  readonly now: number
  /** Fields that the next hop is known to replace. */
  readonly leaveOut: readonly string[]
}

const oversigned = [
  ...['from', 'to', 'cc', 'subject', 'date', 'message-id', 'reply-to'],
  ...['mime-version', 'content-type', 'content-transfer-encoding'],
]
const signed = [
  ...['sender', 'in-reply-to', 'references', 'resent-from', 'resent-to', 'resent-date', 'resent-message-id'],
  ...['list-id', 'list-help', 'list-unsubscribe', 'list-unsubscribe-post', 'list-subscribe', 'list-post', 'list-owner'],
  ...['list-archive', 'auto-submitted', 'feedback-id', 'content-id', 'content-description', 'content-language'],
]

/** Off the protocol's thread: an RSA signature takes half a millisecond. */
const signElsewhere = promisify(sign)

/** With its line end. */
export async function signatureField({ selector, privateKey }: DkimKey, signing: Signing): Promise<string> {
  const { domain, fields, bodyHash, now, leaveOut } = signing
  const isRsa = privateKey.asymmetricKeyType === 'rsa'
  const names = namesToSign(fields, leaveOut)
  const unsigned =
    `DKIM-Signature: v=1; a=${isRsa ? 'rsa' : 'ed25519'}-sha256; c=relaxed/relaxed;\r\n` +
    ` d=${domain}; s=${selector}; t=${now};\r\n h=${folded(names, ':')};\r\n bh=${bodyHash};\r\n b=`
  const data = Buffer.from(signedFields(fields, names) + relaxedField(unsigned).slice(0, -2), 'latin1')
  const signature = isRsa
    ? await signElsewhere('sha256', data, privateKey)
    : await signElsewhere(null, createHash('sha256').update(data).digest(), privateKey)
  return `${unsigned}${folded(signature.toString('base64').match(/.{1,70}/g) ?? [], '')}\r\n`
}

/** h=: each name as often as it's there, and once more where nobody may add one. */
function namesToSign(fields: readonly HeaderField[], leaveOut: readonly string[]): string[] {
  const count = (name: string): number => fields.filter((field) => field.name === name).length
  const repeat = (name: string, more: number): string[] => Array<string>(count(name) + more).fill(name)
  return [...oversigned.flatMap((name) => repeat(name, 1)), ...signed.flatMap((name) => repeat(name, 0))].filter(
    (name) => !leaveOut.includes(name),
  )
}

/** RFC 6376 §5.4.2: of several fields of one name the last one comes first; a name without a field adds nothing. */
function signedFields(fields: readonly HeaderField[], names: readonly string[]): string {
  const left = new Map<string, string[]>()
  for (const { name, raw } of fields) {
    const ofName = left.get(name)
    if (ofName === undefined) left.set(name, [raw])
    else ofName.push(raw)
  }
  return names
    .flatMap((name) => left.get(name)?.pop() ?? [])
    .map(relaxedField)
    .join('')
}

/** In lines that no server has to fold. */
function folded(words: readonly string[], separator: string): string {
  let text = ''
  let line = 3
  for (const [i, word] of words.entries()) {
    const piece = i + 1 < words.length ? word + separator : word
    if (line + piece.length > 76 && i > 0) {
      text += '\r\n '
      line = 1
    }
    text += piece
    line += piece.length
  }
  return text
}
