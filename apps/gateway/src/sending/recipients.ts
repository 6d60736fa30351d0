// What an envelope recipient is to this gateway (contract E1): an inbox here, an address that gets one, nobody, or somebody
// elsewhere. A domain that isn't verified counts as elsewhere: by its name alone nobody gets mail that is meant for others.

import type { Directory, Domain, Inbox } from '@postern/mailbox-store'

export type RecipientFacts =
  /** Whether it may receive is in the inbox (`disabled`) and in its domain (`mode`). */
  | { readonly kind: 'inbox'; readonly inbox: Inbox; readonly domain: Domain }
  /** The domain makes an inbox under this address when its first message arrives. */
  | { readonly kind: 'catch-all'; readonly address: string; readonly domain: Domain }
  | { readonly kind: 'unknown'; readonly domain: Domain }
  | { readonly kind: 'remote' }

export async function recipientFacts(
  directory: Pick<Directory, 'findAddress' | 'findDomain'>,
  address: string,
): Promise<RecipientFacts> {
  const domain = await directory.findDomain(address.slice(address.lastIndexOf('@') + 1))
  if (domain?.verifiedAt === undefined) return { kind: 'remote' }
  const found = await directory.findAddress(address)
  if (found === undefined) return { kind: 'unknown', domain }
  if (found.via === 'catch-all') return { kind: 'catch-all', address: found.address, domain: found.domain }
  return { kind: 'inbox', inbox: found.inbox, domain: found.domain }
}
