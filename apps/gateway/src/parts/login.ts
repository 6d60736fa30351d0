// IMAP's way through the gate: its question in, and, for who is let in, a handle on the account that does what he may, a
// word when that is taken back, and a note of his last use (contract B4, B5, B9, C12).

import type { Admitted } from '@postern/auth'
import type { Admission, Login } from '@postern/imap'
import { type Account, domainAccount, limitedAccount, type Store } from '@postern/mailbox-store'
import type { Logger } from '@postern/telemetry'
import { lastUsedNoteMs } from '../limits.js'
import type { DirectoryRecords } from './directory-lookups.js'
import type { GatePart } from './gate.js'

export interface LoginOptions extends Pick<GatePart, 'gate' | 'live'> {
  readonly store: () => Store
  readonly logger: Logger
  readonly clock: () => number
}

export function createLogin(options: LoginOptions): Login {
  const { gate, live, store } = options
  return async ({ remoteAddress, session, ...proof }) => {
    const since = live.mark()
    const asked = { ...proof, protocol: 'imap', address: remoteAddress, correlation: session } as const
    const answer = await gate.ask(asked)
    const account = answer.admitted ? accountFor(store(), answer) : undefined
    if (!answer.admitted || account === undefined) return undefined
    return { account, address: addressOf(answer), ...comingAndGoing(options, { admitted: answer, session, since }) }
  }
}

/** The whole account or the domain's merged INBOX, and in front of it what `imap:read` leaves of it. */
function accountFor(store: Store, { place, rights }: Admitted<DirectoryRecords>): Account | undefined {
  if (place === undefined) return undefined
  const account =
    place.inbox === undefined ? domainAccount(store.domainView(place.domain.id)) : store.account(place.inbox.id)
  return rights.imap === 'full' ? account : limitedAccount(account, { quietly: rights.imap === 'read-quietly' })
}

const addressOf = ({ place }: Admitted<DirectoryRecords>): string =>
  place?.inbox?.address ?? `*@${place?.domain.name ?? ''}`

type Coming = { readonly admitted: Admitted<DirectoryRecords>; readonly session: string; readonly since: number }

function comingAndGoing(
  options: LoginOptions,
  { admitted, session, since }: Coming,
): Pick<Admission, 'onEnded' | 'used' | 'left'> {
  const { live, logger } = options
  let leave: (() => void) | undefined
  return {
    onEnded(listener) {
      const end = (cause: string): void => {
        logger.info({ connection: session, cause }, 'session ended')
        listener()
      }
      leave = live.enter(admitted, { since, end })
    },
    used: lastUse(options, admitted),
    left: () => leave?.(),
  }
}

/** A session doesn't wait for this note, nor fail with it: a full disk still lets people read their mail. */
function lastUse(
  { store, logger, clock }: LoginOptions,
  { credential, address: network, protocol }: Admitted<DirectoryRecords>,
): (client: string | undefined) => void {
  let notedAt = Number.NEGATIVE_INFINITY
  let notedClient: string | undefined
  return (client) => {
    const at = clock()
    if (credential === undefined || (at - notedAt < lastUsedNoteMs && client === notedClient)) return
    notedAt = at
    notedClient = client
    store()
      .directory.touchCredential(credential.id, { at, protocol, network, client })
      .catch((err: unknown) => logger.warn({ err }, 'last use not noted'))
  }
}
