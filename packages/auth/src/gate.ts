/**
 * The one question that protocols ask: this user name, this proof, this protocol, from this address; and the one answer: who
 * that is, which account or domain view is theirs, and what they may do there, or a refusal. All refusals take the same time,
 * whatever their cause (contract B8): every lookup is made in any case, and none is answered before `refusalMs` have passed.
 */
import type { Lookups, Place, Records } from './directory-facts.js'
import { opens, type Protocol, type Rights, rightsOf, tokenRights } from './rights.js'
import { parseSecret, type SecretHasher } from './secrets.js'
import type { Throttle } from './throttle.js'
import { parseUserName } from './user-name.js'
import { type Cause, causeInPlace, causeInSecret, type TokenVerdict } from './verdict.js'

/** What a client shows to be let in, as a SASL mechanism or a login command reads it. */
export interface Proof {
  /** Undefined: a token without a user name opens the inbox that it names; an API key is given without any. */
  readonly user: string | undefined
  /** PLAIN's authorization identity (RFC 4616 §2), where it isn't empty. */
  readonly authorize?: string | undefined
  readonly secret?: string | undefined
  readonly token?: string | undefined
}

export interface Question extends Proof {
  readonly protocol: Protocol
  /** The client's network address. */
  readonly address: string
  /** Ties the log line and the audit row of a refusal to what else is known of the session. */
  readonly correlation: string
}

export interface Admitted<R extends Records = Records> {
  readonly admitted: true
  /** Undefined: let in by a token. */
  readonly credential: R['credential'] | undefined
  readonly publicPart: string | undefined
  /** Where to; undefined for an API key, which opens no place but works within its grants. */
  readonly place: Place<R> | undefined
  readonly rights: Rights
  readonly protocol: Protocol
  readonly address: string
  /** When this ends by itself. */
  readonly expiresAt: number | undefined
}

export interface Refused<R extends Records = Records> {
  readonly admitted: false
  readonly cause: Cause
  readonly correlation: string
  /** Without the secret, and without the token. */
  readonly question: Omit<Question, 'secret' | 'token'>
  /** As far as it was known who was meant: the credential, and the place behind the user name. */
  readonly credential: R['credential'] | undefined
  readonly place: Place<R> | undefined
}

export interface StillAdmitted {
  readonly expiresAt: number | undefined
}

export type Answer<R extends Records = Records> = Admitted<R> | Refused<R>

export interface GateOptions<R extends Records> {
  readonly lookups: Lookups<R>
  readonly hasher: () => SecretHasher
  readonly throttle: Throttle
  readonly verifyToken: ((token: string) => Promise<TokenVerdict>) | undefined
  /** Hears of every refusal, once; must not throw. */
  readonly onRefused: (refused: Refused<R>) => void
  readonly clock: () => number
  readonly wait: (ms: number) => Promise<void>
}

/** No refusal is faster (docs/decisions/one-time-for-refusals.md). It is far above what any lookup takes, and below what a person notices. */
export const refusalMs = 10

export class Gate<R extends Records = Records> {
  readonly #options: GateOptions<R>

  constructor(options: GateOptions<R>) {
    this.#options = options
  }

  async ask(question: Question): Promise<Answer<R>> {
    const { throttle, onRefused, wait } = this.#options
    const begun = performance.now()
    const answer = await this.#judge(question)
    const delayMs = await throttle.delayFor(attemptOf(question, answer))
    if (!answer.admitted) onRefused(answer)
    const leastMs = answer.admitted ? 0 : refusalMs - (performance.now() - begun)
    const waitMs = Math.ceil(Math.max(delayMs, leastMs))
    if (waitMs > 0) await wait(waitMs)
    return answer
  }

  /** The question again, for a session that has been let in: everything but its secret may have changed meanwhile. */
  async askAgain(admitted: Admitted<R>): Promise<StillAdmitted | { readonly cause: Cause }> {
    const { lookups, clock } = this.#options
    const { publicPart, credential, place, protocol, address } = admitted
    const found = publicPart === undefined ? undefined : await lookups.secret(publicPart)
    const stands = place && (await this.#placeAgain(place))
    const now = clock()
    const inPlace = { place: stands, protocol, actsAsAnother: false, credential: found?.credential }
    const placeCause = place && causeInPlace(inPlace)
    if (credential === undefined) {
      const isOver = admitted.expiresAt !== undefined && admitted.expiresAt <= now
      const cause = isOver ? 'token expired' : placeCause
      return cause === undefined ? { expiresAt: admitted.expiresAt } : { cause }
    }
    const rights = found && rightsOf(found.credential)
    const cause = causeInSecret({ isOurs: true, isRight: true, found, rights, protocol, address, now }) ?? placeCause
    if (cause !== undefined) return { cause }
    if (!isSame(rights, admitted.rights)) return { cause: 'scope changed' }
    return { expiresAt: earliest(found?.expiresAt, found?.credential.expiresAt) }
  }

  async #placeAgain({ inbox, domain }: Place<R>): Promise<Place<R> | undefined> {
    const { lookups } = this.#options
    if (inbox !== undefined) return lookups.inbox(inbox.id)
    const found = await lookups.domainNamed(domain.name)
    return found && { inbox: undefined, domain: found }
  }

  #judge(question: Question): Promise<Answer<R>> {
    return question.token === undefined ? this.#judgeSecret(question) : this.#judgeToken(question, question.token)
  }

  async #judgeSecret(question: Question): Promise<Answer<R>> {
    const { lookups, hasher, clock } = this.#options
    const { protocol, address, secret = '' } = question
    const parsed = parseSecret(secret)
    const publicPart = parsed?.publicPart ?? hasher().derivedPublicPart(secret)
    const found = await lookups.secret(publicPart)
    const isRight = hasher().isRight(secret, found?.hash)
    const rights = found && rightsOf(found.credential)
    const place = await this.#placeFor(question, isRight ? found?.credential : undefined)
    const now = clock()
    const isOurs = parsed !== undefined || found !== undefined
    const cause =
      causeInSecret({ isOurs, isRight, found, rights, protocol, address, now }) ??
      this.#causeInPlace(question, place, found?.credential)
    if (cause !== undefined || found === undefined || rights === undefined)
      return refused(question, { cause: cause ?? 'unknown secret', credential: found?.credential, place })
    const expiresAt = earliest(found.expiresAt, found.credential.expiresAt)
    return { admitted: true, credential: found.credential, publicPart, place, rights, protocol, address, expiresAt }
  }

  #causeInPlace(
    question: Question,
    place: Place<R> | undefined,
    credential: R['credential'] | undefined,
  ): Cause | undefined {
    if (question.protocol === 'api' && question.user === undefined) return undefined
    return causeInPlace({ place, protocol: question.protocol, actsAsAnother: actsAsAnother(question), credential })
  }

  async #judgeToken(question: Question, token: string): Promise<Answer<R>> {
    const { verifyToken, lookups } = this.#options
    const { protocol, address } = question
    const verdict: TokenVerdict = await (verifyToken?.(token) ?? { cause: 'tokens not configured' })
    const meant = await this.#placeFor(question, undefined)
    if ('cause' in verdict) return refused(question, { cause: verdict.cause, place: meant })
    const place = await lookups.inboxAt(verdict.address)
    const isAnother = question.user !== undefined && meant?.inbox?.id !== place?.inbox?.id
    const cause = !opens(tokenRights, protocol)
      ? 'scope missing'
      : isAnother
        ? 'token names another address'
        : causeInPlace({ place, protocol, actsAsAnother: false, credential: undefined })
    if (cause !== undefined) return refused(question, { cause, place: meant })
    return {
      ...{
        admitted: true,
        credential: undefined,
        publicPart: undefined,
        place,
        rights: tokenRights,
        protocol,
        address,
      },
      expiresAt: verdict.expiresAt,
    }
  }

  /** `credential` is one whose secret is right: with `any_username` it opens its own inbox, whatever name is given. */
  async #placeFor(question: Question, credential: R['credential'] | undefined): Promise<Place<R> | undefined> {
    const { lookups } = this.#options
    if (credential?.anyUsername === true && credential.inbox !== undefined) return lookups.inbox(credential.inbox)
    const name = question.user === undefined ? undefined : parseUserName(question.user)
    if (name === undefined) return undefined
    if (name.kind === 'address') return lookups.inboxAt(name.address)
    const domain = await lookups.domainNamed(name.domain)
    return domain && { inbox: undefined, domain }
  }
}

const actsAsAnother = ({ user, authorize }: Question): boolean =>
  authorize !== undefined && authorize !== '' && authorize.toLowerCase() !== user?.toLowerCase()

function refused<R extends Records>(
  question: Question,
  why: { cause: Cause; credential?: R['credential'] | undefined; place: Place<R> | undefined },
): Refused<R> {
  const { secret: _, token: __, ...asked } = question
  return {
    admitted: false,
    correlation: asked.correlation,
    question: asked,
    cause: why.cause,
    credential: why.credential,
    place: why.place,
  }
}

function attemptOf<R extends Records>(question: Question, answer: Answer<R>): Parameters<Throttle['delayFor']>[0] {
  const { address, user } = question
  const key = answer.admitted ? answer.credential?.publicId : undefined
  const inbox = answer.place?.inbox?.publicId ?? answer.place?.domain.publicId ?? key
  return { address, user, inbox, wrong: answer.admitted ? undefined : (question.secret ?? question.token ?? '') }
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

const isSame = (a: Rights | undefined, b: Rights): boolean =>
  a?.imap === b.imap && a?.smtp === b.smtp && a?.api === b.api && a?.admin === b.admin
