// A message as PGP/MIME (RFC 3156 §4): an outer header, then the message itself encrypted, piece by piece, so that one of any size
// costs the same memory. What is encrypted is every byte as it came but for what header protection adds (headers.ts).

import { randomBytes } from 'node:crypto'
import { ReadableStream } from 'node:stream/web'
import { bodyOf, type MailText } from '@postern/smtp'
import { createMessage, encrypt } from 'openpgp'
import { innerHeader, outerFields } from './headers.js'
import type { EncryptionKey } from './public-key.js'

export function pgpMime(text: MailText, { key, at }: { readonly key: EncryptionKey; readonly at: number }): MailText {
  const boundary = `=_${randomBytes(18).toString('base64url')}`
  const header = Buffer.concat([outerFields(text.header), Buffer.from(bodyFields(boundary))])
  return {
    header,
    async *read() {
      yield header
      yield Buffer.from(before(boundary))
      const message = await createMessage({ binary: asWebStream(inner(text)), date: new Date(at) })
      const armoured = await encrypt({ message, encryptionKeys: key.key, date: new Date(at) })
      for await (const piece of armoured) yield Buffer.from(piece.replaceAll('\n', '\r\n'), 'latin1')
      yield Buffer.from(`\r\n--${boundary}--\r\n`)
    },
  }
}

const bodyFields = (boundary: string): string =>
  'MIME-Version: 1.0\r\n' +
  'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";\r\n' +
  ` boundary="${boundary}"\r\n\r\n`

const before = (boundary: string): string =>
  `--${boundary}\r\n` +
  'Content-Type: application/pgp-encrypted\r\n\r\n' +
  'Version: 1\r\n' +
  `\r\n--${boundary}\r\n` +
  'Content-Type: application/octet-stream; name="encrypted.asc"\r\n' +
  'Content-Disposition: inline; filename="encrypted.asc"\r\n\r\n'

async function* inner(text: MailText): AsyncGenerator<Buffer> {
  yield innerHeader(text.header)
  yield* bodyOf(text)
}

/** Read as it's asked for; who gives up reading it closes what it's read from. */
function asWebStream(pieces: AsyncGenerator<Buffer>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next()
        if (done) controller.close()
        else controller.enqueue(new Uint8Array(value))
      },
      cancel: async () => void (await pieces.return(undefined)),
    },
    { highWaterMark: 0 },
  )
}
