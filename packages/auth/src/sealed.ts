/**
 * What has to be read again and must not be readable in a copy of the database alone: passwords of smart hosts, DKIM keys.
 * Sealed with AES-256-GCM under a key that HKDF makes of the server's key for one purpose, so that a sealed text
 * moved to another place doesn't open there. The form is `sealed1.<nonce>.<ciphertext and tag>`, base64url; another form gets
 * another number.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const algorithm = 'aes-256-gcm'
const version = 'sealed1'
const keyLength = 32
const nonceLength = 12
const tagLength = 16
const form = new RegExp(`^${version}\\.([\\w-]+)\\.([\\w-]+)$`)

/** It was sealed with another server key or for another purpose, or it isn't as it was written. */
export class CannotOpen extends Error {
  override readonly name = 'CannotOpen'
}

export interface Sealer {
  /** `purpose` names what is sealed, and for whom: `route of dom_…`. */
  seal(text: string, purpose: string): string
  /** Throws CannotOpen. */
  open(sealed: string, purpose: string): string
}

export function sealer(serverKey: Uint8Array): Sealer {
  const keyFor = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', serverKey, '', `postern sealed\0${purpose}`, keyLength))
  return {
    seal(text, purpose) {
      const nonce = randomBytes(nonceLength)
      const cipher = createCipheriv(algorithm, keyFor(purpose), nonce)
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${version}.${nonce.toString('base64url')}.${sealed.toString('base64url')}`
    },
    open(sealed, purpose) {
      const [, nonceText = '', body = ''] = form.exec(sealed) ?? []
      const nonce = Buffer.from(nonceText, 'base64url')
      const bytes = Buffer.from(body, 'base64url')
      if (nonce.length !== nonceLength || bytes.length < tagLength)
        throw new CannotOpen('This is not a sealed text, or not one that this version knows.')
      const decipher = createDecipheriv(algorithm, keyFor(purpose), nonce, { authTagLength: tagLength })
      decipher.setAuthTag(bytes.subarray(-tagLength))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(0, -tagLength)), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw new CannotOpen('It was sealed with another server key or for something else, or it was changed.', {
          cause,
        })
      }
    },
  }
}
