/**
 * Slows guessing down and nobody else (contract B10). What counts are distinct wrong secrets of the last quarter of an hour, so
 * that a client that goes on with an old password is never delayed for it; they are counted per network, per user name from
 * one network, and, leniently, per user name from everywhere. A network that opened an inbox lately isn't delayed for that
 * inbox, and nobody is ever locked out. The counts are windows of `Counters`, which processes may share.
 */
import { type Counters, counterKeys } from '@postern/events'
import { networkOf } from './client-network.js'
import type { SecretHasher } from './secrets.js'
import { shownUserName } from './user-name.js'

export interface Attempt {
  readonly address: string
  /** Undefined where none was given: an API key needs none. */
  readonly user: string | undefined
  /** What was meant, where it means something: an inbox, a domain, or, without a user name, the key itself. */
  readonly inbox: string | undefined
  /** The secret or token that was refused; undefined when it was let in. */
  readonly wrong: string | undefined
}

export interface ThrottleOptions {
  readonly counters: Counters
  readonly hasher: () => SecretHasher
  readonly clock: () => number
}

export const wrongSecretsWindowMs = 900_000
export const successWindowMs = 86_400_000
export const delayMsMax = 4_000
/** The first delay; each further wrong secret doubles it. */
const firstDelayMs = 250
/** So many distinct wrong secrets cost nothing. Many people may sit behind one network, and fumble. */
export const freeWrongSecrets = { network: 20, userFromNetwork: 4, user: 50 } as const

export class Throttle {
  readonly #options: ThrottleOptions

  constructor(options: ThrottleOptions) {
    this.#options = options
  }

  /** How long the answer has to wait. Called once for each attempt: it counts it too. */
  async delayFor({ address, user, inbox, wrong }: Attempt): Promise<number> {
    const network = networkOf(address)
    const isIn = wrong === undefined && inbox !== undefined
    // Who comes from where he came from before costs the counters one question.
    if (isIn && (await this.#count(network, inbox, 1)) > 1) return 0
    const delayMs = await this.#delayByCounts(this.#keys(network, user), wrong)
    const isKnown = delayMs > 0 && !isIn && inbox !== undefined && (await this.#hasOpened(network, inbox))
    return isKnown ? 0 : delayMs
  }

  #keys(network: string, user: string | undefined): readonly (readonly [key: string, free: number])[] {
    const ofNetwork = [counterKeys.wrongSecretsFromNetwork(network), freeWrongSecrets.network] as const
    if (user === undefined) return [ofNetwork]
    const name = shownUserName(user)
    return [
      ofNetwork,
      [counterKeys.wrongSecretsForUserFrom(network, name), freeWrongSecrets.userFromNetwork],
      [counterKeys.wrongSecretsForUser(name), freeWrongSecrets.user],
    ]
  }

  async #delayByCounts(
    keys: readonly (readonly [key: string, free: number])[],
    wrong: string | undefined,
  ): Promise<number> {
    const { counters, hasher, clock } = this.#options
    const window = { windowMs: wrongSecretsWindowMs, nowMs: clock() }
    const attempt = wrong === undefined ? undefined : hasher().attempt(wrong)
    const delays = keys.map(async ([key, free]) => {
      const { count, isNew } =
        attempt === undefined
          ? { count: await counters.distinct(key, window), isNew: true }
          : await counters.addDistinct(key, attempt, window)
      return isNew ? delayOf(count - free) : 0
    })
    return Math.max(...(await Promise.all(delays)))
  }

  async #hasOpened(network: string, inbox: string): Promise<boolean> {
    return (await this.#count(network, inbox, 0)) > 0
  }

  #count(network: string, inbox: string, by: number): Promise<number> {
    const { counters, clock } = this.#options
    return counters.add(counterKeys.opened(network, inbox), { windowMs: successWindowMs, nowMs: clock(), by })
  }
}

const delayOf = (beyond: number): number =>
  beyond <= 0 ? 0 : Math.min(delayMsMax, firstDelayMs * 2 ** Math.min(beyond - 1, 10))
