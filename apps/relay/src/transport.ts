/**
 * The seam between the relay's loop and the ways out. A transport takes one message for some recipients of one next hop and
 * says of each what became of it; it knows no store, no backoff and no DSN. The loop knows no SMTP. Where this stands in the
 * flow: claim → group by (submission, destination) → `send` → report.
 */
import type { BodyKind } from '@postern/mailbox-store'

export interface Parcel {
  readonly queueId: string
  /** Empty for a null reverse-path (RFC 5321 §4.5.5). */
  readonly sender: string
  /** One at least. All of one domain, where the route is direct. */
  readonly recipients: readonly ParcelRecipient[]
  /** RFC 3461 RET and ENVID. */
  readonly ret: 'full' | 'hdrs' | undefined
  readonly envelopeId: string | undefined
  /** RFC 8689. */
  readonly requireTls: boolean
  /** RFC 8689 §4.2.2: what the recipient's domain asks of TLS is no reason to wait. Never with `requireTls`. */
  readonly tlsOptional: boolean
  readonly body: BodyKind
  readonly message: OutgoingMessage
}

export interface ParcelRecipient {
  readonly id: number
  readonly address: string
  /** As DNS has it, in lower case; an address literal keeps its brackets. */
  readonly domain: string
  /** RFC 3461 NOTIFY and ORCPT, as they were given. */
  readonly notify: string | undefined
  readonly originalRecipient: string | undefined
}

/** The text as it goes out, with its DKIM signature. */
export interface OutgoingMessage {
  readonly size: number
  /** From the first byte, at each call. */
  read(): AsyncIterable<Uint8Array>
}

/** What became of one recipient. */
export type Sent = {
  readonly id: number
  /** Who said it: `mx.example.org [192.0.2.1]`. Absent where nobody was reached. */
  readonly remote?: string
  /** The reply's code, `250`. Absent where it was our own attempt that failed. */
  readonly code?: string
  /** RFC 3463, `5.1.1`. */
  readonly status?: string
  readonly text: string
} & (
  | {
      readonly kind: 'delivered'
      /** The next hop took NOTIFY over (RFC 3461 §5.2.1): success is its to tell. */
      readonly relaysDsn: boolean
    }
  | {
      readonly kind: 'deferred'
      /** What the other side asked for. */
      readonly retryAfterMs?: number
    }
  | { readonly kind: 'failed' }
)

export interface Transport {
  /**
   * One answer for each recipient, in their order. Whatever the network or the other side does is an answer; it throws only where the
   * message can't be read. An abort ends what is under way at once, and the recipients without an answer are deferred.
   */
  send(parcel: Parcel, options: { readonly signal: AbortSignal }): Promise<readonly Sent[]>
  /** Lets idle connections go. Nothing is sent afterwards. */
  close(): Promise<void>
}
