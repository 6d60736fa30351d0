// Mailgun's routes: `forward("https://…/v1/ingest/mailgun/ing_…/mime")`, whose end `mime` makes it send the whole message. It signs a
// time and a token with the account's signing key, and not the message: so a token is good for one message alone.
// https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http

import { createHmac, randomBytes } from 'node:crypto'
import { type Answer, IngestError } from '../answer.js'
import { bodyOf } from '../body.js'
import type { IngestSecret } from '../context.js'
import { addressList } from '../envelope.js'
import { type Form, readForm } from '../form/read-form.js'
import { asConflict } from '../hand-over.js'
import { formBytesMore, signedWithinMs } from '../limits.js'
import { malformed, type Post } from '../post.js'
import { isNear, isSame, Unproven } from '../proof.js'
import { contentId, handOverTold, keyOf } from './provider-post.js'

const wanted = ['recipient', 'sender', 'timestamp', 'token', 'signature']
/** Percent-encoding makes three bytes of one. */
const encodedTimes = 3

export async function mailgunPost(post: Post): Promise<Answer> {
  const { request, context } = post
  const key = await keyOf(post, { provider: 'mailgun', end: '/mime' })
  const body = bodyOf(request, context.limits.messageBytesMax * encodedTimes + formBytesMore)
  const form = await readForm(body, {
    ...{ contentType: request.headers['content-type'] ?? '', field: 'body-mime', wanted },
    ...{ disk: key?.disk ?? 'sealed', holding: context.inbound.holding },
  })
  try {
    return await handOverForm(form, { post, key: proven(form, { key, now: context.inbound.clock() }) })
  } finally {
    await form.text?.drop()
  }
}

function proven(
  { fields }: Form,
  { key, now }: { readonly key: IngestSecret | undefined; readonly now: number },
): IngestSecret {
  const [timestamp = '', token = '', signature = ''] = ['timestamp', 'token', 'signature'].map((name) =>
    fields.get(name),
  )
  const right = createHmac('sha256', key?.secret ?? randomBytes(32))
    .update(`${timestamp}${token}`)
    .digest('hex')
  const isRight = isSame(signature.toLowerCase(), right)
  if (key === undefined) throw new Unproven('unknown key')
  if (!isRight || token === '') throw new Unproven('wrong signature')
  if (!isNear(Number(timestamp) * 1_000, { now, withinMs: signedWithinMs })) throw new Unproven('wrong time')
  return key
}

async function handOverForm(
  { fields, text }: Form,
  { post, key }: { readonly post: Post; readonly key: IngestSecret },
): Promise<Answer> {
  if (text === undefined)
    throw new IngestError('ingest_no_message', 'The post has no body-mime: the URL of the route has to end in /mime.')
  const recipients = addressList(fields.get('recipient') ?? '')
  const sender = fields.get('sender')
  if (sender === undefined) throw malformed('The post has no sender.')
  const id = await contentId(text.read(), { sender, recipients })
  await useToken(fields.get('token') as string, { post, key, id })
  return handOverTold({ key, id, sender, recipients, text: text.read() }, post)
}

/** A token that comes again brings the same message again, or somebody has taken it from another post. */
async function useToken(
  token: string,
  { post, key, id }: { readonly post: Post; readonly key: IngestSecret; readonly id: string },
): Promise<void> {
  const { outbox } = post.context.inbound.store
  const once = { scope: `${key.owner} mailgun token`, id: token.slice(0, 200), digest: Buffer.from(id, 'hex') }
  await outbox.rememberAnswer(once).catch(asConflict)
}
