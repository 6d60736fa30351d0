// DNS as mailauth asks for it, within a time for the whole message, behind which every question is answered with a failure at once.
// Whatever isn't "there is none" is a time-out to it, since that is the one failure that it takes for a temporary one everywhere: in
// an SPF include it would pass over others, and come to a hard fail that isn't there. A question is asked once for a message, and what was
// answered is kept for those behind it (kept-answers.ts).
// RFC 7208 §4.6.4, RFC 8601 §2.7 (temperror).

import { Resolver } from 'node:dns/promises'
import {
  type Answer,
  defaultKeptAnswersLimits,
  KeptAnswers,
  type KeptAnswersLimits,
  type Records,
} from './kept-answers.js'

export type AskDns = (name: string, type: string) => Promise<Records>

export interface NameLookups {
  /** For one message. */
  forMessage(): AskDns
}

export interface NameLookupsOptions {
  /** With or without a port; none are those of the system. */
  readonly servers: readonly string[]
  /** For all questions about one message. */
  readonly timeoutMs: number
  readonly kept?: Partial<KeptAnswersLimits>
  /** Milliseconds from any beginning. */
  readonly elapsedMs?: () => number
}

/** One question, asked twice at most. */
const questionTimeoutMs = 3_000
const tries = 2

export function nameLookups(options: NameLookupsOptions): NameLookups {
  const { servers, timeoutMs, elapsedMs = () => performance.now() } = options
  const kept = new KeptAnswers({ limits: { ...defaultKeptAnswersLimits, ...options.kept }, elapsedMs, isNone })
  const resolver = new Resolver({ timeout: Math.min(questionTimeoutMs, timeoutMs), tries })
  if (servers.length > 0) resolver.setServers(servers)
  return {
    forMessage() {
      const asked = new Map<string, ReturnType<AskDns>>()
      const isOver = AbortSignal.timeout(timeoutMs)
      const giveUp = new Promise<never>((_, reject) => {
        isOver.addEventListener('abort', () => reject(noAnswer(isOver.reason)), { once: true })
      })
      // Heard of by whoever waits then, if anybody does.
      giveUp.catch(() => undefined)
      return (name, type) => {
        const key = `${type} ${name.toLowerCase()}`
        const answer = asked.get(key) ?? Promise.race([giveUp, kept.get(key, () => ask(resolver, { name, type }))])
        asked.set(key, answer)
        return answer
      }
    },
  }
}

async function ask(resolver: Resolver, { name, type }: { name: string; type: string }): Promise<Answer> {
  try {
    if (type === 'A') return addresses(await resolver.resolve4(name, { ttl: true }))
    if (type === 'AAAA') return addresses(await resolver.resolve6(name, { ttl: true }))
    // mailauth asks for types whose answers are lists of texts, and for MX.
    return { records: (await resolver.resolve(name, type)) as string[][] }
  } catch (error) {
    throw isNone(error) ? error : noAnswer(error)
  }
}

/** Of all other types Node doesn't say how long they may be kept. */
const addresses = (found: readonly { readonly address: string; readonly ttl: number }[]): Answer => ({
  records: found.map(({ address }) => address),
  ttlMs: Math.min(...found.map(({ ttl }) => ttl)) * 1_000,
})

const isNone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA')

const noAnswer = (cause: unknown): Error =>
  Object.assign(new Error('no name server answered', { cause }), { code: 'ETIMEOUT' })
