// `POST /v1/ingest`: the bytes of a message (RFC 5322), with envelope, id and signature in the fields of the request. The body is read
// once: hashed on its way into the hold, where nothing has happened to it yet when its signature turns out to be wrong.
//
//   Postern-Key:        ing_…
//   Postern-Id:         1*200( ALPHA / DIGIT / "." / "_" / "@" / "+" / "=" / "-" )
//   Postern-Timestamp:  Unix seconds
//   Postern-Sender:     Mailbox, or nothing
//   Postern-Recipients: Mailbox *( "," Mailbox )
//   Postern-Signature:  "v1=" hex of HMAC-SHA-256 over "v1:" timestamp ":" id ":" sender ":" recipients ":" body, by the key's secret
//
// Who knows which server the message came from says so, and signs that too:
//
//   Postern-Client:     IPv4 or IPv6 address [ SP name in its EHLO ]
//   Postern-Signature:  "v2=" the same over "v2:" timestamp ":" id ":" sender ":" recipients ":" client LF body

import { createHmac, type Hmac, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import type { IngestProvider } from '@postern/mailbox-store'
import { isMachineName } from '@postern/smtp'
import type { Before } from '../arrival.js'
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
  /** As it came. */
  readonly client: string | undefined
}

export const signedPost =
  (provider: IngestProvider) =>
  async (post: Post): Promise<Answer> => {
    const { request, context } = post
    const signed = fieldsOf(post)
    const sender = checkedSender(signed.sender)
    const client = clientOf(signed)
    const recipients = checkedRecipients(addressList(signed.recipients), context.limits.recipientsMax)
    const found = await context.keyFor(signed.key)
    const key = found?.provider === provider ? found : undefined
    const hmac = createHmac('sha256', key?.secret ?? randomBytes(32))
    const version = signed.client === undefined ? 'v1' : 'v2'
    hmac.update(`${version}:${signed.timestamp}:${signed.id}:${signed.sender}:${signed.recipients}:`)
    if (signed.client !== undefined) hmac.update(`${signed.client}\n`)
    const text = hashed(bodyOf(request, context.limits.messageBytesMax), hmac)
    const vouched = (async function* () {
      yield* text
      const isRight = isSame(signed.signature.toLowerCase(), `${version}=${hmac.digest('hex')}`)
      if (key === undefined) throw new Unproven('unknown key')
      if (!isRight) throw new Unproven('wrong signature')
      const now = context.inbound.clock()
      if (!isNear(Number(signed.timestamp) * 1_000, { now, withinMs: signedWithinMs })) throw new Unproven('wrong time')
    })()
    const from = { clientAddress: post.clientAddress, before: { client, isTaken: false } }
    return handOver({ key, id: signed.id, sender, recipients, ...from, text: vouched }, post)
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
  return { key, signature, id, timestamp, sender, recipients, client: oneField(post, 'Postern-Client') }
}

/** Under the first version of the signature nobody vouches for it. */
function clientOf({ client, signature }: Signed): Before['client'] {
  if (client === undefined) return undefined
  if (/^v1=/i.test(signature)) throw malformed('Postern-Client has to be signed: the signature is of version 2 then.')
  const [address = '', helo, ...more] = client.split(' ')
  if (isIP(address) === 0 || more.length > 0 || (helo !== undefined && !isMachineName(helo)))
    throw malformed('Postern-Client is an address, and behind a space the name that its server gave in EHLO.')
  return { address, helo }
}
