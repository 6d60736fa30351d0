// What receiving over HTTP is handed: the way in that all mail takes, the keys, and what it fetches with.

import type { DomainId, EnvironmentId, IngestProvider } from '@postern/mailbox-store'
import type { Networks } from '@postern/service'
import type { DiskUse } from '../arrival.js'
import type { InboundContext } from '../context.js'

/** A key in use: its secret is open. */
export interface IngestSecret {
  readonly publicId: string
  readonly provider: IngestProvider
  /** Whose ids are told apart: the domain's or the environment's public id, the same for all of its keys. */
  readonly owner: string
  readonly environment: EnvironmentId
  readonly domain: DomainId | undefined
  /** What it is depends on the provider. */
  readonly secret: string
  /** How what it brings may touch the disk before its recipients are known. */
  readonly disk: DiskUse
}

/** What SNS has to be asked for. */
export type Fetch = (
  url: string,
  options: { readonly signal: AbortSignal; readonly redirect: 'error' },
) => Promise<Response>

export interface IngestContext {
  readonly inbound: InboundContext
  /** Undefined where there's no such key, or it was revoked. */
  readonly keyFor: (publicId: string) => Promise<IngestSecret | undefined>
  readonly fetch: Fetch
  /** Who may say from where a post comes. */
  readonly proxies: Networks
  readonly limits: { readonly messageBytesMax: number; readonly recipientsMax: number }
}
