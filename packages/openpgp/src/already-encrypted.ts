// Whether a message came encrypted: then it's kept as it is. That it says so isn't enough, what it says has to be there: its first
// part names the protocol and its second one holds what the protocol says (RFC 3156 §4, RFC 8551 §3.3).

import { parseMessage } from '@postern/message'
import type { MailText } from '@postern/smtp'

/** Of the body; its parts begin within it. */
const lookedAtBytesMax = 16_384
const armour = '-----BEGIN PGP MESSAGE-----'

export async function isEncrypted(text: MailText): Promise<boolean> {
  const beginning = await beginningOf(text)
  const { root } = parseMessage(beginning)
  const [control, data] = root.children
  if (root.type === 'MULTIPART' && root.subtype === 'ENCRYPTED')
    return (
      control?.subtype === 'PGP-ENCRYPTED' &&
      data?.subtype === 'OCTET-STREAM' &&
      beginning.toString('latin1', data.bodyStart, data.bodyEnd).trimStart().startsWith(armour)
    )
  return root.subtype === 'PKCS7-MIME' && root.params.some(([name, value]) => name === 'SMIME-TYPE' && seals(value))
}

/** A signature alone has this media type too. */
const seals = (type: string): boolean => /^(?:enveloped|authenveloped)-data$/i.test(type)

async function beginningOf(text: MailText): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of text.read()) {
    pieces.push(piece)
    bytes += piece.length
    if (bytes >= text.header.length + lookedAtBytesMax) break
  }
  return Buffer.concat(pieces).subarray(0, text.header.length + lookedAtBytesMax)
}
