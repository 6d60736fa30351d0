// Amazon SES, whose receipt rule publishes to an SNS topic that posts here. The key's secret is the ARN of that topic. SNS carries messages
// of up to 150 KB; a rule that puts them into S3 sends no message, and is told so. A subscription confirms itself.
// https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-examples.html

import type { Before } from '../../arrival.js'
import { type Answer, IngestError } from '../answer.js'
import { bodyOf, wholeBody } from '../body.js'
import type { IngestSecret } from '../context.js'
import { asObject, type JsonObject, jsonObject, textIn } from '../json-object.js'
import { snsBytesMax } from '../limits.js'
import { malformed, type Post } from '../post.js'
import { Unproven } from '../proof.js'
import { handOverTold, idFor, keyOf } from './provider-post.js'
import { type SnsCertificates, snsUrl, Unreachable } from './sns-certificates.js'
import { checkSns } from './sns-message.js'

export const sesPost =
  (certificates: SnsCertificates) =>
  async (post: Post): Promise<Answer> => {
    const { request, budget, context } = post
    const key = await keyOf(post, { provider: 'ses' })
    return wholeBody(bodyOf(request, snsBytesMax), {
      budget,
      use: async (whole) => {
        const message = jsonObject(whole.toString('utf8'), 'The post')
        try {
          await checkSns(message, { certificates, topic: key?.secret, now: context.inbound.clock() })
          return await act(message, { certificates, post, key: key as IngestSecret })
        } catch (error) {
          if (!(error instanceof Unreachable)) throw error
          context.inbound.logger.warn({ err: error }, 'Amazon SNS cannot be asked')
          throw new IngestError('ingest_unavailable', 'Amazon SNS could not be asked for what this post names.')
        }
      },
    })
  }

interface Acting {
  readonly certificates: SnsCertificates
  readonly post: Post
  readonly key: IngestSecret
}

async function act(message: JsonObject, { certificates, post, key }: Acting): Promise<Answer> {
  switch (message.Type) {
    case 'SubscriptionConfirmation': {
      const url = snsUrl(message.SubscribeURL)
      if (url === undefined) throw new Unproven("the URL of the subscription isn't Amazon's")
      await certificates.fetchText(url)
      return { status: 200, body: { subscribed: key.secret } }
    }
    case 'UnsubscribeConfirmation':
      return { status: 200, body: { unsubscribed: key.secret } }
    default:
      return receive(jsonObject(textIn(message, 'Message'), 'Message'), { post, key })
  }
}

function receive(
  told: JsonObject,
  { post, key }: { readonly post: Post; readonly key: IngestSecret },
): Promise<Answer> {
  if (told.notificationType !== 'Received')
    throw new IngestError('ingest_no_message', 'The notification is not of a received message.')
  const receipt = asObject(told.receipt, 'receipt')
  const action = asObject(receipt.action, 'receipt.action')
  if (typeof told.content !== 'string')
    throw new IngestError('ingest_no_message', noContent(String(action.type), action.bucketName))
  const mail = asObject(told.mail, 'mail')
  const recipients = receipt.recipients
  if (!Array.isArray(recipients) || !recipients.every((each) => typeof each === 'string'))
    throw malformed('receipt.recipients is missing.')
  const bytes = Buffer.from(told.content, String(action.encoding).toUpperCase() === 'BASE64' ? 'base64' : 'utf8')
  const text = only(bytes)
  const id = idFor(textIn(mail, 'messageId'), recipients)
  const spf = spfOf(receipt.spfVerdict)
  return handOverTold({ key, id, sender: textIn(mail, 'source'), recipients, text, spf }, post)
}

/** Amazon knows the server that sent the message, and tells only what SPF said of it. */
function spfOf(verdict: unknown): Before['spf'] {
  const { status } = typeof verdict === 'object' && verdict !== null && 'status' in verdict ? verdict : {}
  const result = spfResults.get(String(status))
  return result && { result, toldBy: 'Amazon SES' }
}

const spfResults: ReadonlyMap<string, NonNullable<Before['spf']>['result']> = new Map([
  ['PASS', 'pass'],
  ['FAIL', 'fail'],
  ['GRAY', 'none'],
  ['PROCESSING_FAILED', 'temperror'],
])

const noContent = (type: string, bucket: unknown): string =>
  type === 'S3' || bucket !== undefined
    ? 'The receipt rule stores the message in S3, which is not read here: give the rule an SNS action instead.'
    : 'The notification has no message in it: the rule needs an SNS action, and the topic no raw delivery.'

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
