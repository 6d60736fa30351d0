// A message of Amazon SNS: its fields, and whether Amazon has signed it. The text that is signed is each field's name and value on a line of
// its own, in the order of the names; version 1 hashes it with SHA-1, version 2 with SHA-256.
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html

import { createVerify } from 'node:crypto'
import { type JsonObject, textIn } from '../json-object.js'
import { snsWithinMs } from '../limits.js'
import { isNear, isSame, Unproven } from '../proof.js'
import type { SnsCertificates } from './sns-certificates.js'

const signedFields: Readonly<Record<string, readonly string[]>> = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
}

export interface SnsCheck {
  readonly certificates: SnsCertificates
  /** Anybody can have Amazon sign something, for a topic of their own. */
  readonly topic: string | undefined
  readonly now: number
}

export async function checkSns(message: JsonObject, { certificates, topic, now }: SnsCheck): Promise<void> {
  const names = signedFields[String(message.Type)]
  if (names === undefined) throw new Unproven('no message of SNS')
  const isOurs = isSame(textIn(message, 'TopicArn'), topic ?? '')
  if (topic === undefined) throw new Unproven('unknown key')
  if (!isOurs) throw new Unproven('another topic')
  if (!isNear(Date.parse(textIn(message, 'Timestamp')), { now, withinMs: snsWithinMs }))
    throw new Unproven('wrong time')
  const algorithm = algorithms[String(message.SignatureVersion)]
  if (algorithm === undefined) throw new Unproven('unknown version of the signature')
  const key = await certificates.keyAt(message.SigningCertURL)
  const signed = names
    .filter((name) => message[name] !== undefined)
    .map((name) => `${name}\n${textIn(message, name)}\n`)
  const isRight = createVerify(algorithm).update(signed.join('')).verify(key, textIn(message, 'Signature'), 'base64')
  if (!isRight) throw new Unproven('wrong signature')
}

const algorithms: Readonly<Record<string, string>> = { '1': 'sha1', '2': 'sha256' }
