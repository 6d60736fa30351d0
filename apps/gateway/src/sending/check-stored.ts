// A look at every stored route and DKIM key before anything is sent (contract E2): what can't be opened, or leads back to this
// gateway, is told at the start and not when the first message waits for it.

import { type Config, leadsToItself } from '@postern/config'
import type { Directory } from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import { everyItem } from '../pages.js'
import { leadsBack, type RouteOwner, type SealedRecords } from './sealed-records.js'

/** More of them say no more. */
const shownMax = 10

export interface StoredCheck {
  readonly sealed: SealedRecords
  readonly config: Config
}

/** Throws a Failure that names each, with what to do. */
export async function refuseUnusable(directory: Directory, check: StoredCheck): Promise<void> {
  const troubles: Failure[] = []
  for await (const trouble of troublesIn(directory, check)) troubles.push(trouble)
  const [first] = troubles
  if (first === undefined) return
  const shown = troubles.slice(0, shownMax).map(({ message }) => message)
  if (troubles.length > shownMax) shown.push(`${troubles.length - shownMax} more are like that.`)
  throw new Failure('sending_unusable', shown.join(' '), { fix: first.fix, cause: first })
}

async function* troublesIn(directory: Directory, check: StoredCheck): AsyncIterable<Failure> {
  for await (const domain of everyItem((page) => directory.listDomains(page))) {
    yield* troubleWith(() => checkRoute(domain, check))
    for (const key of await directory.listDkimKeys(domain.id))
      if (key.retiredAt === undefined) yield* troubleWith(() => check.sealed.dkimKeyOf(key, domain))
  }
  for await (const inbox of everyItem((page) => directory.listInboxes({ routed: true, ...page })))
    yield* troubleWith(() => checkRoute(inbox, check))
}

function* troubleWith(look: () => unknown): Iterable<Failure> {
  try {
    look()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    yield error
  }
}

function checkRoute(owner: RouteOwner, { sealed, config }: StoredCheck): void {
  const route = sealed.routeOf(owner)
  if (route !== undefined && leadsToItself(route, config)) throw leadsBack(owner)
}
