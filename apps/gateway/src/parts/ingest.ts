// Receiving over HTTP (contract F3): its routes on the HTTP port, and the keys that posts are checked with. A key is opened with the
// server's key once, and kept until the directory changes.

import type { Config } from '@postern/config'
import { type InboundContext, type IngestContext, type IngestSecret, ingestRoutes } from '@postern/inbound'
import type { Directory, Domain, IngestKey, Store } from '@postern/mailbox-store'
import { networks, type Route } from '@postern/service'
import { sending as limits } from '../limits.js'
import { receivedBytesMax } from '../message-sizes.js'
import { everyItem } from '../pages.js'
import { askedLately, KeptLookups } from '../sending/kept-lookups.js'
import { type SealedRecords, sealedRecords } from '../sending/sealed-records.js'

export interface IngestOptions {
  readonly config: Config
  readonly store: () => Store
  readonly serverKey: () => Uint8Array
  readonly inbound: () => InboundContext
}

export function ingestRoutesOf({ config, store, serverKey, inbound }: IngestOptions): Route[] {
  let context: IngestContext | undefined
  return ingestRoutes(() => {
    context ??= {
      proxies: networks(config.httpProxyNetworks),
      ...{ inbound: inbound(), fetch, keyFor: keysOf(store().directory, sealedRecords(serverKey())) },
      limits: { messageBytesMax: receivedBytesMax(config), recipientsMax: config.mxRecipientsMax },
    }
    return context
  })
}

export function keysOf(directory: Directory, sealed: SealedRecords): IngestContext['keyFor'] {
  const elapsedMs = (): number => performance.now()
  const version = askedLately(() => directory.version(), { elapsedMs, forMs: limits.staleMsMax })
  const kept = new KeptLookups<IngestSecret | undefined>({ version, keysMax: limits.keptMax })
  return (publicId) =>
    kept.get(publicId, async () => {
      const key = await directory.findIngestKey(publicId)
      return key === undefined || key.revokedAt !== undefined ? undefined : inUse(key, { directory, sealed })
    })
}

async function inUse(
  key: IngestKey,
  { directory, sealed }: { readonly directory: Directory; readonly sealed: SealedRecords },
): Promise<IngestSecret> {
  const { publicId, provider, environment } = key
  const domain = key.domain === undefined ? undefined : await directory.getDomain(key.domain)
  const owner = (domain ?? (await directory.getEnvironment(environment))).publicId
  const domains = domain === undefined ? everyItem((page) => directory.listDomains({ environment, ...page })) : [domain]
  return {
    ...{ publicId, provider, owner, environment, domain: key.domain },
    secret: sealed.ingestSecretOf(key),
    disk: await strictest(domains),
  }
}

/** What no domain minds that the mail may be for. */
async function strictest(domains: AsyncIterable<Domain> | Iterable<Domain>): Promise<IngestSecret['disk']> {
  const modes = new Set<Domain['mode']>()
  for await (const { mode } of domains) modes.add(mode)
  if (modes.has('zero-retention')) return 'never'
  return modes.has('encrypted') ? 'sealed' : 'plain'
}
