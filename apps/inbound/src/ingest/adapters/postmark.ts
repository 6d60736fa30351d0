// Postmark's inbound webhook with "Include raw email content in JSON payload" on. It signs nothing: its password stands in the URL
// (`https://postmark:<secret>@…/v1/ingest/postmark/ing_…`) and comes as basic authentication. What is posted has the parts of the
// message beside the whole of it, so that it's read in memory, of which all such posts have so much together.
// https://postmarkapp.com/developer/webhooks/inbound-webhook

import { randomBytes } from 'node:crypto'
import { type Answer, IngestError } from '../answer.js'
import { bodyOf, wholeBody } from '../body.js'
import { asObject, jsonObject, textIn } from '../json-object.js'
import { postmarkBytesMax } from '../limits.js'
import type { Post } from '../post.js'
import { basicPassword, isSame, Unproven } from '../proof.js'
import { handOverTold, idFor, keyOf } from './provider-post.js'

export async function postmarkPost(post: Post): Promise<Answer> {
  const { request, budget } = post
  const key = await keyOf(post, { provider: 'postmark' })
  const isRight = isSame(
    basicPassword(request.headers.authorization) ?? '',
    key?.secret ?? randomBytes(32).toString('hex'),
  )
  if (key === undefined) throw new Unproven('unknown key')
  if (!isRight) throw new Unproven('wrong password')
  return wholeBody(bodyOf(request, postmarkBytesMax), {
    budget,
    use: async (whole) => {
      const told = jsonObject(whole.toString('utf8'), 'The post')
      if (typeof told.RawEmail !== 'string' || told.RawEmail === '')
        throw new IngestError('ingest_no_message', 'The post has no RawEmail: turn on its raw content in Postmark.')
      const recipients = [textIn(told, 'OriginalRecipient')]
      const sender = textIn(asObject(told.FromFull, 'FromFull'), 'Email')
      const text = only(Buffer.from(told.RawEmail))
      return handOverTold({ key, id: idFor(textIn(told, 'MessageID'), recipients), sender, recipients, text }, post)
    },
  })
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
