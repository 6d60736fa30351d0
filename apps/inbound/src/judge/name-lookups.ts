// DNS as mailauth asks for it, within a time for the whole message, behind which every question is answered with a failure at once.
// Whatever isn't "there is none" is a time-out to it, since that is the one failure that it takes for a temporary one everywhere: in
// an SPF include it would pass over others, and come to a hard fail that isn't there. A question is asked once for a message.
// RFC 7208 §4.6.4, RFC 8601 §2.7 (temperror).

import { Resolver } from 'node:dns/promises'

export type AskDns = (name: string, type: string) => Promise<string[][] | string[]>

export interface NameLookups {
  /** For one message. */
  forMessage(): AskDns
}

export interface NameLookupsOptions {
  /** With or without a port; none are those of the system. */
  readonly servers: readonly string[]
  /** For all questions about one message. */
  readonly timeoutMs: number
}

/** One question, asked twice at most. */
const questionTimeoutMs = 3_000
const tries = 2

export function nameLookups({ servers, timeoutMs }: NameLookupsOptions): NameLookups {
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
        const answer = asked.get(key) ?? Promise.race([giveUp, ask(resolver, { name, type })])
        asked.set(key, answer)
        return answer
      }
    },
  }
}

async function ask(resolver: Resolver, { name, type }: { name: string; type: string }): ReturnType<AskDns> {
  try {
    // mailauth asks for types whose answers are lists of texts, and for MX.
    return (await resolver.resolve(name, type)) as string[][]
  } catch (error) {
    throw isNone(error) ? error : noAnswer(error)
  }
}

const isNone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA')

const noAnswer = (cause: unknown): Error =>
  Object.assign(new Error('no name server answered', { cause }), { code: 'ETIMEOUT' })
