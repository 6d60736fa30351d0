// What the directory keeps sealed with the server's key (contract E2, E4, F3): the routes of domains and inboxes, private DKIM keys, the
// secrets of ingest keys, and the sinks of domains that keep no mail. Each is sealed for the record it belongs to, so that a row copied to another record doesn't open there.

import { CannotOpen, sealer } from '@postern/auth'
import type { DkimKey, Domain, Inbox, InboxRule, IngestKey } from '@postern/mailbox-store'
import { type Route, RouteMistake, readRoute, writeRoute } from '@postern/routing'
import { Failure } from '@postern/service'
import type { Sink } from '@postern/sink'

export type RouteOwner = Pick<Domain, 'publicId' | 'route' | 'name'> | Pick<Inbox, 'publicId' | 'route' | 'address'>

export interface SealedRecords {
  sealRoute(route: Route, owner: RouteOwner): string
  /** Undefined where it has none of its own. Throws a Failure where it can't be opened. */
  routeOf(owner: RouteOwner): Route | undefined
  sealSink(sink: Sink, domain: Pick<Domain, 'publicId'>): string
  /** Undefined where it has none. Throws a Failure where it can't be opened. */
  sinkOf(domain: Pick<Domain, 'publicId' | 'name' | 'sink'>): Sink | undefined
  sealDkimKey(pem: string, of: { readonly domain: Domain; readonly selector: string }): string
  /** PKCS #8 in PEM. */
  dkimKeyOf(key: DkimKey, domain: Domain): string
  sealRuleSecret(secret: string, publicId: string): string
  /** Undefined where the rule has no sink. Throws a Failure where its secret can't be opened. */
  ruleSecretOf(rule: Pick<InboxRule, 'publicId' | 'secret'>): string | undefined
  sealIngestSecret(secret: string, publicId: string): string
  ingestSecretOf(key: IngestKey): string
}

export function sealedRecords(serverKey: Uint8Array): SealedRecords {
  const { seal, open } = sealer(serverKey)
  return {
    sealRoute: (route, owner) => seal(writeRoute(route), routePurpose(owner)),
    routeOf(owner) {
      const sealed = owner.route
      if (sealed === undefined) return undefined
      return opened(`The route of ${nameOf(owner)}`, () => readRoute(open(sealed, routePurpose(owner))))
    },
    sealSink: (sink, { publicId }) => seal(JSON.stringify(sink), `sink of ${publicId}`),
    sinkOf({ publicId, name, sink }) {
      if (sink === undefined) return undefined
      return opened(`The sink of ${name}`, () => JSON.parse(open(sink, `sink of ${publicId}`)) as Sink)
    },
    sealDkimKey: (pem, { domain, selector }) => seal(pem, dkimPurpose(domain, selector)),
    dkimKeyOf: ({ selector, privateKey }, domain) =>
      opened(`The DKIM key ${selector} of ${domain.name}`, () => open(privateKey, dkimPurpose(domain, selector))),
    sealRuleSecret: (secret, publicId) => seal(secret, rulePurpose(publicId)),
    ruleSecretOf: ({ publicId, secret }) =>
      secret === undefined ? undefined : opened(`The rule ${publicId}`, () => open(secret, rulePurpose(publicId))),
    sealIngestSecret: (secret, publicId) => seal(secret, ingestPurpose(publicId)),
    ingestSecretOf: ({ publicId, secret }) =>
      opened(`The ingest key ${publicId}`, () => open(secret, ingestPurpose(publicId))),
  }
}

const routePurpose = ({ publicId }: RouteOwner): string => `route of ${publicId}`
const dkimPurpose = ({ publicId }: Domain, selector: string): string => `DKIM key ${selector} of ${publicId}`

const rulePurpose = (publicId: string): string => `sink of ${publicId}`

const ingestPurpose = (publicId: string): string => `secret of ${publicId}`

export const nameOf = (owner: RouteOwner): string => ('address' in owner ? owner.address : owner.name)

function opened<Value>(what: string, open: () => Value): Value {
  try {
    return open()
  } catch (cause) {
    if (!(cause instanceof CannotOpen) && !(cause instanceof RouteMistake)) throw cause
    const why = cause instanceof CannotOpen ? "can't be opened with this server key" : `${cause.wrong}`
    throw new Failure('sending_unusable', `${what} ${why}.`, { fix: sendingFix, cause })
  }
}

export const sendingFix =
  'Restore secret.key from your backup, or set it anew: `postern domain route`, `postern inbox route`, `postern domain dkim`.'

export const leadsBack = (owner: RouteOwner): Failure =>
  new Failure(
    'sending_unusable',
    `The route of ${nameOf(owner)} leads to a listener of this gateway, and mail would go round in a circle.`,
    { fix: 'Name the host that takes mail for other servers.' },
  )
