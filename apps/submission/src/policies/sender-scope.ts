// Which addresses a login may send as (contract B2, D3), for the envelope as for each From. What the credential's grants cover, in
// verified domains of its environment: `*` is everything there, not everything there is. And what arrives in an inbox that they
// cover: its aliases that may send, `address+detail` where the inbox takes it, and the same under a domain's other names.
// docs/decisions/who-it-is-from.md.
import { covers } from '@postern/auth'
import type { Address, Credential, Directory, Domain, EnvironmentId, Inbox, Resolution } from '@postern/mailbox-store'

export interface SenderScope {
  readonly environment: EnvironmentId
  readonly grants: readonly string[]
}

/** Who came in by a token sends as their inbox. An inbox that let a login in is covered, whatever opened it (contract B6). */
export function senderScope(of: {
  readonly credential: Pick<Credential, 'grants'> | undefined
  readonly inbox: Pick<Inbox, 'address'> | undefined
  readonly domain: Pick<Domain, 'environment'>
}): SenderScope {
  const own = of.inbox === undefined ? [] : [of.inbox.address]
  return { environment: of.domain.environment, grants: [...own, ...(of.credential?.grants ?? [])] }
}

export interface AddressFacts {
  /** The domain of this name or other name. */
  readonly domain: Pick<Domain, 'environment' | 'name' | 'verifiedAt'> | undefined
  /** Where mail to the address would arrive. */
  readonly resolution: Resolution | undefined
}

export function maySendAs(address: Address, { scope, facts }: { scope: SenderScope; facts: AddressFacts }): boolean {
  const { domain, resolution } = facts
  if (domain?.environment !== scope.environment || domain.verifiedAt === undefined) return false
  const renamed = `${address.local}@${domain.name}`
  if (covers(scope.grants, address.address) || covers(scope.grants, renamed)) return true
  if (resolution === undefined || resolution.via === 'catch-all') return false
  const { inbox } = resolution
  if (inbox.environment !== scope.environment || !covers(scope.grants, inbox.address)) return false
  return spellings(address, { domain: domain.name, plus: inbox.plusAddressing }).some((each) => isOf(inbox, each))
}

function isOf({ address, aliases }: Inbox, spelling: string): boolean {
  return address === spelling || aliases.some((alias) => alias.maySend && alias.address === spelling)
}

/** The address in its domain's own name too, and, where the inbox takes details, without one. */
function spellings(address: Address, { domain, plus }: { domain: string; plus: boolean }): readonly string[] {
  const detail = plus && !address.local.startsWith('"') ? address.local.indexOf('+') : -1
  const locals = detail > 0 ? [address.local, address.local.slice(0, detail)] : [address.local]
  return locals.flatMap((local) => [`${local}@${address.domain}`, `${local}@${domain}`])
}

/** `maySendAs` with the directory asked, and each address once: for one transaction. */
export function sendersOf(
  scope: SenderScope,
  directory: Pick<Directory, 'findAddress' | 'findDomain'>,
): (address: Address) => Promise<boolean> {
  const answers = new Map<string, Promise<boolean>>()
  const ask = async (address: Address): Promise<boolean> => {
    const resolution = await directory.findAddress(address.address)
    const domain = resolution?.domain ?? (await directory.findDomain(address.domain))
    return maySendAs(address, { scope, facts: { domain, resolution } })
  }
  return (address) => {
    const known = answers.get(address.address) ?? ask(address)
    answers.set(address.address, known)
    return known
  }
}
