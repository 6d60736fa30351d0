// Who may come in by mail: a user name and a secret against the directory's credentials. A refusal is one and the same for
// the client; its cause goes to the log, with the session's id. Contract B2, B6–B8.

import { parseSecret, verifySecret } from '@postern/auth'
import type { Login, LoginRequest } from '@postern/imap'
import type { Credential, Domain, FoundSecret, Inbox, Scope, Store } from '@postern/mailbox-store'
import type { Logger } from '@postern/telemetry'

export interface LoginOptions {
  readonly store: () => Store
  readonly serverKey: () => Uint8Array
  readonly logger: Logger
  readonly clock: () => number
}

type Cause =
  | 'no such user'
  | 'no secret of ours'
  | 'unknown secret'
  | 'wrong secret'
  | 'secret expired'
  | 'credential revoked'
  | 'credential disabled'
  | 'credential expired'
  | 'scope missing'
  | 'another environment'
  | 'address not granted'
  | 'inbox disabled'
  | 'domain not verified'
  | 'domain keeps no mail'

export function createLogin({ store, serverKey, logger, clock }: LoginOptions): Login {
  return async (request) => {
    const { directory } = store()
    const now = clock()
    const verdict = await judge(request)
    if (typeof verdict === 'string') {
      logger.warn({ session: request.session, network: request.remoteAddress, cause: verdict }, 'login refused')
      return undefined
    }
    const { inbox, credential } = verdict
    // A login doesn't wait for this note, nor fail with it: a full disk still lets people read their mail.
    directory
      .touchCredential(credential.id, { at: now, protocol: 'imap', network: request.remoteAddress, client: undefined })
      .catch((err: unknown) => logger.warn({ err }, 'last use not noted'))
    return { account: store().account(inbox.id), address: inbox.address }

    async function judge({ user, secret }: LoginRequest): Promise<Cause | { inbox: Inbox; credential: Credential }> {
      const parsed = parseSecret(secret)
      if (parsed === undefined) return 'no secret of ours'
      const found = await directory.findSecret(parsed.publicPart)
      if (found === undefined) return 'unknown secret'
      if (!verifySecret(secret, found.hash, serverKey())) return 'wrong secret'
      const cause = causeInCredential(found, { now, scope: 'imap' })
      if (cause !== undefined) return cause
      const resolved = await directory.findAddress(user)
      if (resolved?.via !== 'address') return 'no such user'
      return causeInInbox(found.credential, resolved) ?? { inbox: resolved.inbox, credential: found.credential }
    }
  }
}

function causeInCredential(
  { expiresAt, credential }: FoundSecret,
  { now, scope }: { now: number; scope: Scope },
): Cause | undefined {
  if (expiresAt !== undefined && expiresAt <= now) return 'secret expired'
  if (credential.revokedAt !== undefined) return 'credential revoked'
  if (credential.disabled) return 'credential disabled'
  if (credential.expiresAt !== undefined && credential.expiresAt <= now) return 'credential expired'
  return credential.scopes.includes(scope) ? undefined : 'scope missing'
}

function causeInInbox(credential: Credential, { inbox, domain }: { inbox: Inbox; domain: Domain }): Cause | undefined {
  if (domain.environment !== credential.environment) return 'another environment'
  if (!credential.grants.some((grant) => covers(grant, inbox.address))) return 'address not granted'
  if (inbox.disabled) return 'inbox disabled'
  if (domain.verifiedAt === undefined) return 'domain not verified'
  return domain.mode === 'zero-retention' ? 'domain keeps no mail' : undefined
}

/** `*`, an address, or an address with one `*` before the `@`. */
export function covers(grant: string, address: string): boolean {
  if (grant === '*' || grant === address) return true
  const star = grant.indexOf('*')
  if (star < 0) return false
  const [before, after] = [grant.slice(0, star), grant.slice(star + 1)]
  return address.length >= before.length + after.length && address.startsWith(before) && address.endsWith(after)
}
