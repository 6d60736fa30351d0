// SendGrid's Inbound Parse, with "POST the raw, full MIME message" on: a form with the message in `email` and the envelope as JSON. Signed,
// where a security policy is attached to it: ECDSA over the time and all bytes of the body, by a key whose public half is this key's
// secret. Without one it's told apart by the password in its URL. Beside the message stands the address that it came from, for SPF.
// https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks

import { createPublicKey, createVerify, type KeyObject, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { type Answer, IngestError } from '../answer.js'
import { bodyOf } from '../body.js'
import type { IngestSecret } from '../context.js'
import { type Form, readForm } from '../form/read-form.js'
import { jsonObject } from '../json-object.js'
import { formBytesMore, signedWithinMs } from '../limits.js'
import { malformed, oneField, type Post } from '../post.js'
import { basicPassword, isNear, isSame, Unproven } from '../proof.js'
import { contentId, handOverTold, keyOf } from './provider-post.js'

export async function sendgridPost(post: Post): Promise<Answer> {
  const { request, context } = post
  const key = await keyOf(post, { provider: 'sendgrid' })
  const publicKey = key && sendgridPublicKey(key.secret)
  if (publicKey === undefined) checkPassword(post, key)
  const checked = signature(post)
  const body = checked.seen(bodyOf(request, context.limits.messageBytesMax + formBytesMore))
  const form = await readForm(body, {
    ...{ contentType: request.headers['content-type'] ?? '', field: 'email', wanted: ['envelope', 'sender_ip'] },
    ...{ disk: key?.disk ?? 'sealed', holding: context.inbound.holding },
  })
  try {
    if (publicKey !== undefined) checked.check(publicKey)
    return await handOverForm(form, { post, key: key as IngestSecret })
  } finally {
    await form.text?.drop()
  }
}

/** SubjectPublicKeyInfo in base64, as SendGrid shows it; undefined where it's a password. */
export function sendgridPublicKey(secret: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(secret, 'base64'), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

function checkPassword({ request }: Post, key: IngestSecret | undefined): void {
  const given = basicPassword(request.headers.authorization)
  const isRight = isSame(given ?? '', key?.secret ?? randomBytes(32).toString('hex'))
  if (key === undefined) throw new Unproven('unknown key')
  if (!isRight) throw new Unproven('wrong password')
}

interface Checked {
  seen(body: AsyncIterable<Buffer>): AsyncIterable<Buffer>
  check(publicKey: KeyObject): void
}

function signature(post: Post): Checked {
  const given = oneField(post, 'X-Twilio-Email-Event-Webhook-Signature') ?? ''
  const timestamp = oneField(post, 'X-Twilio-Email-Event-Webhook-Timestamp') ?? ''
  const verify = createVerify('sha256').update(timestamp)
  return {
    async *seen(body) {
      for await (const piece of body) {
        verify.update(piece)
        yield piece
      }
    },
    check(publicKey) {
      if (!verify.verify(publicKey, given, 'base64')) throw new Unproven('wrong signature')
      const now = post.context.inbound.clock()
      if (!isNear(Number(timestamp) * 1_000, { now, withinMs: signedWithinMs })) throw new Unproven('wrong time')
    },
  }
}

async function handOverForm(
  { fields, text }: Form,
  { post, key }: { readonly post: Post; readonly key: IngestSecret },
): Promise<Answer> {
  if (text === undefined)
    throw new IngestError('ingest_no_message', 'The post has no email: turn on "POST the raw, full MIME message".')
  const envelope = envelopeOf(fields.get('envelope') ?? '')
  const id = await contentId(text.read(), envelope)
  const address = fields.get('sender_ip')?.trim() ?? ''
  const client = isIP(address) === 0 ? undefined : { address }
  return handOverTold({ key, id, ...envelope, client, text: text.read() }, post)
}

function envelopeOf(json: string): { readonly sender: string; readonly recipients: readonly string[] } {
  const { from, to } = jsonObject(json, 'The envelope')
  if (typeof from !== 'string' || !Array.isArray(to) || !to.every((each) => typeof each === 'string'))
    throw malformed('The envelope has no from and to.')
  return { sender: from, recipients: to }
}
