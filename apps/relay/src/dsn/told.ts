// What a notification tells of one recipient, and of the message.

import type { Claimed } from '@postern/mailbox-store'
import type { Action } from './wishes.js'

export interface Told {
  readonly row: Pick<Claimed, 'recipient' | 'originalRecipient'>
  readonly action: Action
  /** RFC 3463. */
  readonly status: string
  /** The reply's code; undefined where it's our own word. */
  readonly code: string | undefined
  readonly text: string
  readonly remote: string | undefined
  /** Of a delay: until when it's tried. */
  readonly retryUntil: number | undefined
}

export interface Occasion {
  readonly told: readonly Told[]
  readonly submission: Pick<Claimed, 'queueId' | 'sender' | 'envelopeId' | 'ret' | 'body' | 'createdAt'>
  /** Who reports. */
  readonly hostname: string
  /** Unix milliseconds. */
  readonly now: number
}
