// `POST /v1/ingest`: the bytes of a message (RFC 5322), with envelope, id and signature in the fields of the request. The body is read
// once: hashed on its way into the hold, where nothing has happened to it yet when its signature turns out to be wrong.
//
//   Postern-Key:        ing_…
//   Postern-Id:         1*200( ALPHA / DIGIT / "." / "_" / "@" / "+" / "=" / "-" )
//   Postern-Timestamp:  Unix seconds
//   Postern-Sender:     Mailbox, or nothing
//   Postern-Recipients: Mailbox *( "," Mailbox )
//   Postern-Signature:  "v1=" hex of HMAC-SHA-256 over "v1:" timestamp ":" id ":" sender ":" recipients ":" body, by the key's secret

import { createHmac, type Hmac, randomBytes } from 'node:crypto'
import type { IngestProvider } from '@postern/mailbox-store'
import type { Answer } from './answer.js'
import { bodyOf } from './body.js'
import { addressList, checkedRecipients, checkedSender } from './envelope.js'
import { handOver } from './hand-over.js'
import { idCharactersMax, signedWithinMs } from './limits.js'
import { malformed, oneField, type Post } from './post.js'
import { isNear, isSame, Unproven } from './proof.js'

interface Signed {
  readonly key: string
  readonly id: string
  readonly timestamp: string
  readonly sender: string
  readonly recipients: string
  readonly signature: string
}

export const signedPost =
  (provider: IngestProvider) =>
  async (post: Post): Promise<Answer> => {
    const { request, context } = post
    const signed = fieldsOf(post)
    const sender = checkedSender(signed.sender)
    const recipients = checkedRecipients(addressList(signed.recipients), context.limits.recipientsMax)
    const found = await context.keyFor(signed.key)
    const key = found?.provider === provider ? found : undefined
    const hmac = createHmac('sha256', key?.secret ?? randomBytes(32))
    hmac.update(`v1:${signed.timestamp}:${signed.id}:${signed.sender}:${signed.recipients}:`)
    const text = hashed(bodyOf(request, context.limits.messageBytesMax), hmac)
    const vouched = (async function* () {
      yield* text
      const isRight = isSame(signed.signature.toLowerCase(), `v1=${hmac.digest('hex')}`)
      if (key === undefined) throw new Unproven('unknown key')
      if (!isRight) throw new Unproven('wrong signature')
      const now = context.inbound.clock()
      if (!isNear(Number(signed.timestamp) * 1_000, { now, withinMs: signedWithinMs })) throw new Unproven('wrong time')
    })()
    const clientAddress = request.socket.remoteAddress
    return handOver({ key, id: signed.id, sender, recipients, clientAddress, text: vouched }, post)
  }

async function* hashed(body: AsyncIterable<Buffer>, hmac: Hmac): AsyncGenerator<Buffer> {
  for await (const piece of body) {
    hmac.update(piece)
    yield piece
  }
}

function fieldsOf(post: Post): Signed {
  const field = (name: string): string => {
    const value = oneField(post, name)
    if (value === undefined) throw malformed(`The field ${name} is missing.`)
    return value
  }
  const key = oneField(post, 'Postern-Key')
  const signature = oneField(post, 'Postern-Signature')
  if (key === undefined || signature === undefined) throw new Unproven('no key or no signature')
  const id = field('Postern-Id')
  if (!/^[\w.@+=-]+$/.test(id) || id.length > idCharactersMax)
    throw malformed(`Postern-Id has 1 to ${idCharactersMax} letters, digits and any of . _ @ + = -`)
  const timestamp = field('Postern-Timestamp')
  if (!/^\d{1,12}$/.test(timestamp)) throw malformed('Postern-Timestamp is in Unix seconds.')
  const [sender, recipients] = [field('Postern-Sender'), field('Postern-Recipients')]
  return { key, signature, id, timestamp, sender, recipients }
}
