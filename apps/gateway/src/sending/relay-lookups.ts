// What the relay asks about its recipients and senders, in its words: routes and keys as they are now, what an address of this gateway
// takes, and whose INBOX may be told of a failure. A domain that keeps no mail keeps no notification either.

import { createPrivateKey } from 'node:crypto'
import type { AccountId, Directory, Domain, DomainId } from '@postern/mailbox-store'
import type { DkimKey, LocalAddress, RelayOptions } from '@postern/relay'
import { foundOrNot } from '../found-or-not.js'
import type { SealedRecords } from './sealed-records.js'
import type { DkimSigningKey, SendingLookups } from './sending-lookups.js'

type RelayLookups = Pick<RelayOptions, 'routeOf' | 'localOf' | 'dkimOf' | 'noticePlaceOf'>

export function relayLookups(
  directory: Directory,
  { lookups, sealed }: { readonly lookups: SendingLookups; readonly sealed: SealedRecords },
): RelayLookups {
  return {
    routeOf: ({ account, sender }) => lookups.routeFor({ account, senderDomain: domainOf(sender) }),
    localOf: (address) => localAddress(address, { directory, lookups, sealed }),
    dkimOf: async (domain) => usable(await lookups.dkimKeysFor(domain)),
    noticePlaceOf: ({ account, sender }) =>
      account === undefined ? placeOfAddress(sender, lookups) : placeOfAccount(account, directory),
  }
}

async function localAddress(
  address: string,
  { directory, lookups, sealed }: { directory: Directory; lookups: SendingLookups; sealed: SealedRecords },
): Promise<LocalAddress | undefined> {
  const facts = await lookups.recipientFor(address)
  if (facts.kind === 'remote') return undefined
  const { domain } = facts
  if (facts.kind === 'unknown') return { status: '5.1.1', text: 'There is no such inbox here' }
  if (facts.kind === 'inbox' && facts.inbox.disabled) return { status: '5.2.1', text: 'The inbox is disabled' }
  if (domain.mode === 'zero-retention') {
    const sink = sealed.sinkOf(domain)
    return sink === undefined ? { status: '5.2.1', text: `${domain.name} keeps no mail` } : { sink }
  }
  if (facts.kind === 'inbox') return { account: facts.inbox.id }
  return { account: await madeInbox({ domain: domain.id, address: facts.address }, directory) }
}

/** Two messages may come at once, and another process may be faster. */
async function madeInbox(inbox: { domain: DomainId; address: string }, directory: Directory): Promise<AccountId> {
  try {
    return (await directory.createInbox(inbox)).id
  } catch (error) {
    const found = await directory.findAddress(inbox.address)
    if (found === undefined || found.via === 'catch-all') throw error
    return found.inbox.id
  }
}

async function placeOfAccount(account: AccountId, directory: Directory): Promise<AccountId | undefined> {
  const inbox = await foundOrNot(directory.getInbox(account))
  return inbox !== undefined && keepsMail(await directory.getDomain(inbox.domain)) ? account : undefined
}

/** For mail that no inbox has sent: whoever has the sender's address here. */
async function placeOfAddress(sender: string, lookups: SendingLookups): Promise<AccountId | undefined> {
  const facts = await lookups.recipientFor(sender)
  return facts.kind === 'inbox' && keepsMail(facts.domain) ? facts.inbox.id : undefined
}

const keepsMail = ({ mode }: Domain): boolean => mode !== 'zero-retention'

const domainOf = (address: string): string | undefined =>
  address === '' ? undefined : address.slice(address.lastIndexOf('@') + 1)

/** Read once, as long as the lookups keep the keys. */
const read = new WeakMap<readonly DkimSigningKey[], readonly DkimKey[]>()

function usable(keys: readonly DkimSigningKey[]): readonly DkimKey[] {
  const known = read.get(keys)
  if (known !== undefined) return known
  const made = keys.map(({ selector, privateKey }) => ({ selector, privateKey: createPrivateKey(privateKey) }))
  read.set(keys, made)
  return made
}
