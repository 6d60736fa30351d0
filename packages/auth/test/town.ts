/** A small directory for the gate's tests: two environments, their domains, their inboxes, and whatever credentials a test makes. */
import { randomBytes } from 'node:crypto'
import { type Counters, localCounters } from '@postern/events'
import {
  type CredentialFacts,
  type DomainFacts,
  type FoundSecret,
  Gate,
  type InboxFacts,
  type Lookups,
  mintSecret,
  type Place,
  type Protocol,
  type Question,
  type Records,
  type Refused,
  secretHasher,
  Throttle,
  type TokenVerdict,
} from '../src/index.js'

export const serverKey = Buffer.alloc(32, 7)
export const hasher = () => secretHasher(serverKey)
export const now0 = 1_800_000_000_000
export const home = '192.0.2.7'

type Changeable<T> = { -readonly [Field in keyof T]: T[Field] }
export interface TownInbox extends InboxFacts {
  readonly domain: string
}

export class Town {
  now = now0
  readonly waited: number[] = []
  readonly refusals: Refused[] = []
  readonly domains = new Map<string, Changeable<DomainFacts>>()
  readonly inboxes = new Map<string, Changeable<TownInbox>>()
  readonly secrets = new Map<string, Changeable<FoundSecret<Records>>>()
  readonly counters: Counters
  tokens: ((token: string) => Promise<TokenVerdict>) | undefined
  /** Stands between a lookup and its answer. */
  pause: () => Promise<void> = async () => {}

  constructor(counters: Counters = localCounters({ keysMax: 10_000, membersMax: 100 })) {
    this.counters = counters
    this.domain('example.test')
    this.domain('other.test', { environment: 2 })
    for (const address of ['alice@example.test', 'bob@example.test', 'support-1@example.test', 'zoe@other.test'])
      this.inbox(address)
  }

  domain(name: string, facts: Partial<DomainFacts> = {}): Changeable<DomainFacts> {
    const made = { publicId: `dom_${name}`, environment: 1, name, mode: 'retained', verifiedAt: 1, ...facts } as const
    this.domains.set(name, made)
    return made
  }

  inbox(address: string, facts: Partial<InboxFacts> = {}): Changeable<TownInbox> {
    const domain = address.slice(address.lastIndexOf('@') + 1)
    const id = this.inboxes.get(address)?.id ?? this.inboxes.size + 1
    const made = { id, publicId: `inb_${address}`, address, disabled: false, domain, ...facts }
    this.inboxes.set(address, made)
    return made
  }

  /** A credential that opens alice's inbox by mail, unless something else is said. */
  credential(facts: Partial<CredentialFacts> = {}, secretEndsAt?: number) {
    const { secret, publicPart, hash } = mintSecret('app', { random: randomBytes, serverKey })
    const credential: Changeable<CredentialFacts> = {
      publicId: `cred_${this.secrets.size}`,
      environment: 1,
      inbox: 1,
      scopes: ['imap', 'smtp'],
      grants: ['alice@example.test'],
      networks: [],
      anyUsername: false,
      quietReadOnly: false,
      disabled: false,
      expiresAt: undefined,
      revokedAt: undefined,
      ...facts,
    }
    const found: Changeable<FoundSecret<Records>> = { hash, expiresAt: secretEndsAt, credential }
    this.secrets.set(publicPart, found)
    return { secret, publicPart, credential, found }
  }

  readonly lookups: Lookups<Records> = {
    secret: async (publicPart) => {
      await this.pause()
      return this.secrets.get(publicPart)
    },
    inboxAt: async (address) => this.placeOf(this.inboxes.get(address.toLowerCase())),
    inbox: async (id) => this.placeOf([...this.inboxes.values()].find((inbox) => inbox.id === id)),
    domainNamed: async (name) => this.domains.get(name.toLowerCase()),
  }

  private placeOf(inbox: TownInbox | undefined): Place<Records> | undefined {
    const domain = inbox && this.domains.get(inbox.domain)
    return domain && { inbox, domain }
  }

  gate({ waits = false } = {}): Gate {
    return new Gate({
      lookups: this.lookups,
      hasher,
      throttle: this.throttle(),
      verifyToken: this.tokens && ((token) => (this.tokens as NonNullable<Town['tokens']>)(token)),
      onRefused: (refused) => void this.refusals.push(refused),
      clock: () => this.now,
      wait: async (ms) => {
        this.waited.push(ms)
        if (waits) await new Promise((resolve) => setTimeout(resolve, ms))
      },
    })
  }

  throttle(): Throttle {
    return new Throttle({ counters: this.counters, hasher, clock: () => this.now })
  }
}

export const asked = (secret: string, more: Partial<Question> = {}): Question => ({
  user: 'alice@example.test',
  secret,
  protocol: 'imap' as Protocol,
  address: home,
  correlation: 'c1',
  ...more,
})
