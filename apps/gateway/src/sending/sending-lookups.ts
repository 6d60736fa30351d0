// What submission and relay ask the directory about sending (contract D2, D6, E1, E2, E4): which route a sender's mail takes
// and why, which rules hold for whom, what a domain signs with, and what a recipient is. Routes and keys are opened with the
// server's key once, and kept until the directory changes; so are addresses and domains, but theirs is never an old answer.

import {
  type AccountId,
  type CredentialId,
  type Directory,
  type DkimAlgorithm,
  type Domain,
  type DomainId,
  type HeldSendingRules,
  type Resolution,
  type SendingDefaults,
  sendingRules,
} from '@postern/mailbox-store'
import { type ChosenRoute, chooseRoute, type Route } from '@postern/routing'
import { foundOrNot } from '../found-or-not.js'
import { sending as limits } from '../limits.js'
import { askedLately, KeptLookups } from './kept-lookups.js'
import { type RecipientFacts, recipientFacts } from './recipients.js'
import type { SealedRecords } from './sealed-records.js'

export interface Sender {
  /** The inbox that sends. */
  readonly account: AccountId | undefined
  /** Of the envelope sender: for mail that no inbox sends, or one that is gone. */
  readonly senderDomain: string | undefined
}

/** Whose rules hold: what a login found. */
export interface SendingParty {
  readonly credential: CredentialId | undefined
  readonly inbox: AccountId | undefined
  readonly domain: DomainId | undefined
}

export interface DkimSigningKey {
  /** The `d=` of the signature: the name that was asked for. */
  readonly domain: string
  readonly selector: string
  readonly algorithm: DkimAlgorithm
  /** PKCS #8 in PEM. */
  readonly privateKey: string
}

export interface SendingLookupsOptions {
  readonly directory: Directory
  readonly sealed: SealedRecords
  /** POSTERN_ROUTE. */
  readonly fallback: Route
  readonly defaults: SendingDefaults
  readonly elapsedMs: () => number
}

export class SendingLookups {
  readonly #options: SendingLookupsOptions
  readonly #inboxRoutes: KeptLookups<ChosenRoute | undefined>
  readonly #domainRoutes: KeptLookups<ChosenRoute>
  readonly #dkimKeys: KeptLookups<readonly DkimSigningKey[]>
  readonly #rules: KeptLookups<HeldSendingRules>
  readonly #domainsLately: KeptLookups<Domain>
  readonly #addresses: KeptLookups<Resolution | undefined>
  readonly #domains: KeptLookups<Domain | undefined>

  constructor(options: SendingLookupsOptions) {
    this.#options = options
    const { directory, elapsedMs } = options
    const version = askedLately(() => directory.version(), { elapsedMs, forMs: limits.staleMsMax })
    const kept = { version, keysMax: limits.keptMax }
    this.#inboxRoutes = new KeptLookups(kept)
    this.#domainRoutes = new KeptLookups(kept)
    this.#dkimKeys = new KeptLookups(kept)
    this.#rules = new KeptLookups(kept)
    this.#domainsLately = new KeptLookups(kept)
    const exact = { version: () => directory.version(), keysMax: limits.keptMax }
    this.#addresses = new KeptLookups(exact)
    this.#domains = new KeptLookups(exact)
  }

  async routeFor({ account, senderDomain = '' }: Sender): Promise<ChosenRoute> {
    const own = account === undefined ? undefined : await this.#routeOfInbox(account)
    return own ?? this.#domainRoutes.get(senderDomain.toLowerCase(), () => this.#routeOfDomain(senderDomain))
  }

  /** Every key that isn't retired; none where the domain isn't here or has no keys. */
  dkimKeysFor(name: string): Promise<readonly DkimSigningKey[]> {
    return this.#dkimKeys.get(name.toLowerCase(), () => this.#keysOf(name.toLowerCase()))
  }

  sendingRulesFor(party: SendingParty): Promise<HeldSendingRules> {
    const { credential, inbox, domain } = party
    return this.#rules.get([credential, inbox, domain].join(' '), () => this.#rulesFor(party))
  }

  /** Who has the address now. What an inbox uses of its quota may be older. */
  findAddress(address: string): Promise<Resolution | undefined> {
    return this.#addresses.get(address, () => this.#options.directory.findAddress(address))
  }

  findDomain(name: string): Promise<Domain | undefined> {
    return this.#domains.get(name, () => this.#options.directory.findDomain(name))
  }

  /** What a login has found, as it was a moment ago; one that is gone, as it was. */
  domainNow(domain: Domain): Promise<Domain> {
    const { id } = domain
    return this.#domainsLately.get(
      String(id),
      async () => (await foundOrNot(this.#options.directory.getDomain(id))) ?? domain,
    )
  }

  recipientFor(address: string): Promise<RecipientFacts> {
    return recipientFacts(this, address)
  }

  #routeOfInbox(account: AccountId): Promise<ChosenRoute | undefined> {
    const { directory, sealed, fallback } = this.#options
    return this.#inboxRoutes.get(String(account), async () => {
      const inbox = await foundOrNot(directory.getInbox(account))
      if (inbox === undefined) return undefined
      const domain = await directory.getDomain(inbox.domain)
      return chooseRoute({ inbox: sealed.routeOf(inbox), domain: sealed.routeOf(domain), fallback })
    })
  }

  async #routeOfDomain(name: string): Promise<ChosenRoute> {
    const { directory, sealed, fallback } = this.#options
    const domain = await directory.findDomain(name)
    return chooseRoute({ inbox: undefined, domain: domain && sealed.routeOf(domain), fallback })
  }

  async #keysOf(name: string): Promise<readonly DkimSigningKey[]> {
    const { directory, sealed } = this.#options
    const domain = await directory.findDomain(name)
    if (domain === undefined) return []
    const keys = (await directory.listDkimKeys(domain.id)).filter(({ retiredAt }) => retiredAt === undefined)
    return keys.map((key) => ({
      ...{ domain: name, selector: key.selector, algorithm: key.algorithm },
      privateKey: sealed.dkimKeyOf(key, domain),
    }))
  }

  /** The records as they are now: those that a session came in with may have changed since. */
  async #rulesFor(party: SendingParty): Promise<HeldSendingRules> {
    const { directory, defaults } = this.#options
    const [credential, inbox, domain] = await Promise.all([
      party.credential === undefined ? undefined : foundOrNot(directory.getCredential(party.credential)),
      party.inbox === undefined ? undefined : foundOrNot(directory.getInbox(party.inbox)),
      party.domain === undefined ? undefined : foundOrNot(directory.getDomain(party.domain)),
    ])
    const environment = (domain ?? inbox ?? credential)?.environment
    const tenant =
      environment === undefined
        ? undefined
        : await directory.getTenant((await directory.getEnvironment(environment)).tenant)
    return sendingRules({
      ...{ credential: credential?.sending, inbox: inbox?.sending, domain: domain?.sending, tenant: tenant?.sending },
      defaults,
    })
  }
}
