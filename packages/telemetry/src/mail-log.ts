/**
 * The mail log (contract I5): one line for each thing that happens to a message, with fixed fields that an operator can
 * search for. Only the fields listed for an event are written, so a subject or text that a caller passes by mistake isn't;
 * what a remote server answered is cut short and freed of control characters.
 */
import type { Logger } from './logger.js'
import type { Metrics } from './metrics.js'

interface Message {
  readonly messageId: string | undefined
}
interface Queued extends Message {
  readonly queueId: string
  readonly from: string
}
interface Attempt extends Queued {
  readonly to: string
  readonly relay: string
  /** The enhanced status code and the answer it came with: `2.0.0 250 Ok`. */
  readonly status: string
  /** Since the message was accepted. */
  readonly delayMs: number
}

export type MailEvent =
  /** Answered 250: durable, and queued for every recipient. */
  | (Queued & { readonly event: 'accepted'; readonly to: readonly string[]; readonly sizeBytes: number })
  /** From elsewhere, and looked at before it's accepted or refused: RFC 8601 §2.7 for the words. */
  | (Queued & {
      readonly event: 'judged'
      readonly to: readonly string[]
      readonly verdict: 'accept' | 'spam' | 'refuse' | 'defer'
      readonly spf: string
      readonly dkim: string
      readonly arc: string
      readonly dmarc: string
      /** The domain that DMARC was asked about. */
      readonly author: string
    })
  /** Refused before it was accepted; it has no queue id. */
  | (Message & {
      readonly event: 'refused'
      readonly from: string
      readonly to: readonly string[]
      readonly status: string
    })
  | (Attempt & { readonly event: 'delivered' })
  | (Attempt & { readonly event: 'deferred'; readonly retryAt: Date })
  /** Refused for good by the other side. */
  | (Attempt & { readonly event: 'failed' })
  /** Deferred once more when its time was over. */
  | (Attempt & { readonly event: 'expired' })
  /** The sender (`to`) has a notification in the INBOX that tells of these recipients. */
  | (Queued & { readonly event: 'bounced'; readonly to: string; readonly recipients: readonly string[] })
  /** An inbox's own rules were for it: their ids, where they put it, whom it was sent on to, and the queue ids of that. */
  | (Queued & {
      readonly event: 'ruled'
      readonly to: string
      readonly rules: readonly string[]
      readonly mailboxes: readonly string[]
      readonly forwarded: readonly string[]
      readonly sentOn: readonly string[]
    })
  /** What an inbox (`to`) has sent on could not go, and is in its INBOX. */
  | (Queued & { readonly event: 'kept'; readonly to: string })
  /** Stored in a mailbox: by a client's APPEND, or as the local end of a delivery. */
  | (Message & {
      readonly event: 'appended'
      readonly to: string
      readonly mailbox: string
      readonly sizeBytes: number
    })

export type MailLog = (event: MailEvent) => void

const queued = ['queueId', 'messageId', 'from', 'to'] as const
const attempt = [...queued, 'relay', 'status', 'delayMs'] as const
const fieldsByEvent: { readonly [E in MailEvent['event']]: readonly (keyof Extract<MailEvent, { event: E }>)[] } = {
  accepted: [...queued, 'sizeBytes'],
  judged: [...queued, 'verdict', 'spf', 'dkim', 'arc', 'dmarc', 'author'],
  refused: ['messageId', 'from', 'to', 'status'],
  delivered: attempt,
  deferred: [...attempt, 'retryAt'],
  failed: attempt,
  expired: attempt,
  bounced: [...queued, 'recipients'],
  ruled: [...queued, 'rules', 'mailboxes', 'forwarded', 'sentOn'],
  kept: queued,
  appended: ['messageId', 'to', 'mailbox', 'sizeBytes'],
}

const textLengthMax = 256
const recipientsMax = 100

export function createMailLog(options: { readonly logger: Logger; readonly metrics: Metrics }): MailLog {
  const logger = options.logger.child({ log: 'mail' })
  return (event) => {
    const fields = fieldsByEvent[event.event] as readonly (keyof typeof event)[]
    logger.info(Object.fromEntries(fields.map((field) => [field, plain(event[field])])), event.event)
    options.metrics.mailEvents.inc({ event: event.event })
    if (event.event === 'delivered') options.metrics.deliveryDelaySeconds.observe(event.delayMs / 1000)
  }
}

function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, textLengthMax)
  if (Array.isArray(value)) return value.slice(0, recipientsMax).map(plain)
  return value
}
