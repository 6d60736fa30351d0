// Posts to sinks. Who sets a sink is a customer, and the gateway stands inside of a network: a sink is spoken to by https alone, at an address
// that may be reached from outside (or is in a network that the operator has allowed), and that's looked at where the connection is made,
// so that no second look into DNS can lead elsewhere. A redirect is an answer like others: it isn't followed. What a sink answers is
// its status; the rest is thrown away.

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isForbidden, type Networks } from '@postern/service'
import type { SignedPost } from './signature.js'

export interface SinkClientOptions {
  /** All addresses of a name. */
  readonly addressesOf: (name: string) => Promise<readonly string[]>
  /** Private networks that a sink may be in. */
  readonly allowed: Networks
  /** From the beginning of a post to its answer. */
  readonly timeoutMs?: number
  /** Trusted beside, or in the place of, those that the system trusts: PEM. */
  readonly authorities?: readonly string[]
}

/** A sink has 20 s to take a message, while its sender waits: contract F2. */
export const sinkTimeoutMs = 20_000
/** Of an answer. */
const answerBytesMax = 65_536
const connectionsPerSinkMax = 50

export interface Posting extends SignedPost {
  /** From the first byte, as often as it's asked for. */
  readonly body: () => AsyncIterable<Uint8Array>
}

export const isTaken = (status: number): boolean => status >= 200 && status <= 299

/** A kept connection that the sink had ended: nobody has read the request. */
class ConnectionWasOld extends Error {
  override readonly name = 'ConnectionWasOld'
}

const isReset = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')

export class SinkClient {
  readonly #options: SinkClientOptions
  readonly #agent: Agent

  constructor(options: SinkClientOptions) {
    this.#options = options
    const { authorities } = options
    this.#agent = new Agent({
      ...{ keepAlive: true, maxSockets: connectionsPerSinkMax, noDelay: true, lookup: this.#lookup },
      ...(authorities === undefined ? {} : { ca: [...authorities] }),
    })
  }

  /** The status of the answer. Throws where there's none. */
  async post(url: string, posting: Posting): Promise<number> {
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
    // An address is connected to without being looked up.
    if (isIP(host) !== 0) this.#check([host])
    const signal = AbortSignal.timeout(this.#options.timeoutMs ?? sinkTimeoutMs)
    try {
      return await this.#once(url, { posting, signal })
    } catch (error) {
      if (!(error instanceof ConnectionWasOld)) throw error
      return this.#once(url, { posting, signal })
    }
  }

  async #once(
    url: string,
    { posting: { fields, sizeBytes, body }, signal }: { readonly posting: Posting; readonly signal: AbortSignal },
  ): Promise<number> {
    const headers = { ...fields, 'Content-Type': 'message/rfc822', 'Content-Length': sizeBytes }
    const asked = request(url, { method: 'POST', agent: this.#agent, headers, signal })
    const answered = once(asked, 'response') as Promise<[IncomingMessage]>
    const sent = pipeline(Readable.from(body()), asked)
    sent.catch(() => undefined)
    try {
      const [answer] = await answered
      const status = answer.statusCode ?? 0
      // Whoever takes a message has read it first.
      if (isTaken(status)) await sent
      await thrownAway(answer)
      return status
    } catch (error) {
      throw asked.reusedSocket && !signal.aborted && isReset(error) ? new ConnectionWasOld() : error
    } finally {
      if (!asked.writableFinished) asked.destroy()
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  readonly #lookup: LookupFunction = (name, { all }, done) => {
    this.#reachable(name).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }))
        const [first] = found
        if (all) done(null, found)
        else done(null, first?.address ?? '', first?.family)
      },
      (error: Error) => done(error, ''),
    )
  }

  async #reachable(name: string): Promise<readonly string[]> {
    const addresses = await this.#options.addressesOf(name)
    if (addresses.length === 0) throw new Error(`no name server knows an address of the sink's host ${name}`)
    return this.#check(addresses)
  }

  #check(addresses: readonly string[]): readonly string[] {
    const { allowed } = this.#options
    const open = addresses.filter((each) => allowed.has(each) || !isForbidden(each, { allowsPrivate: false }))
    if (open.length === 0)
      throw new Error('the sink has no address that may be reached: see POSTERN_SINK_ALLOW_PRIVATE')
    return open
  }
}

/** Read to its end, so that the connection can be used again, unless that's far. */
async function thrownAway(answer: IncomingMessage): Promise<void> {
  let bytes = 0
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      bytes += piece.length
      if (bytes > answerBytesMax) break
    }
  } catch {
    // The status was there.
  }
}
