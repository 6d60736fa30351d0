/**
 * Requests to a mail service's API, on kept connections: the body is written as it's made, the answer is bounded, and a deadline
 * stands over the whole. What the service says is an answer, whatever its status; `Unanswered` tells that there was none, and
 * whether the service may have acted all the same.
 */
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { pipeline } from 'node:stream/promises'
import type { TransportLimits } from '../limits.js'
import { lookupOf } from '../smtp/connect-to.js'
import { reasonOf, within } from '../smtp/deadline.js'
import type { TransportDeps } from '../transport-deps.js'

export interface ApiRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly size: number
  readonly body: () => AsyncIterable<Uint8Array>
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

export class Unanswered extends Error {
  override readonly name = 'Unanswered'
  readonly mayHaveActed: boolean

  constructor(message: string, mayHaveActed: boolean) {
    super(message)
    this.mayHaveActed = mayHaveActed
  }
}

/** The body couldn't be read: nobody's fault but ours. */
class Unreadable extends Error {}

export class ApiClient {
  readonly url: URL
  readonly #limits: TransportLimits
  readonly #agent: HttpAgent
  readonly #request: typeof requestHttp

  constructor(url: string, { deps, limits }: { readonly deps: TransportDeps; readonly limits: TransportLimits }) {
    this.url = new URL(url)
    this.#limits = limits
    const kept = { keepAlive: true, maxSockets: limits.connectionsMax, timeout: limits.replyTimeoutMs, noDelay: true }
    const trusted = deps.authorities === undefined ? {} : { ca: [...deps.authorities] }
    const options = { ...kept, ...trusted, ...lookupOf(deps.dnsServers) }
    const isSecure = this.url.protocol === 'https:'
    this.#agent = isSecure ? new HttpsAgent(options) : new HttpAgent(options)
    this.#request = isSecure ? requestHttps : requestHttp
  }

  async post(asked: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    let isSent = false
    try {
      const limit = { timeoutMs: this.#limits.transactionTimeoutMs, signal, what: 'The request' }
      return await within(limit, async (stop) => {
        const request = this.#begin(asked, stop)
        const answer = answerOf(request, this.#limits.replyBytesMax)
        const sending = pipeline(readable(asked.body()), request).then(() => {
          isSent = true
        })
        // An answer may come before the body is sent, and then counts alone.
        const isSentOrAnswered = sending.catch((error) =>
          error instanceof Unreadable ? Promise.reject(error) : answer,
        )
        await Promise.race([isSentOrAnswered, answer])
        return await answer
      })
    } catch (error) {
      if (error instanceof Unreadable) throw error.cause
      throw new Unanswered(`${this.url.host} did not answer: ${reasonOf(error)}`, isSent)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #begin({ path, headers, size }: ApiRequest, signal: AbortSignal): ClientRequest {
    const { hostname, port } = this.url
    const host = hostname.replace(/^\[|\]$/g, '')
    const request = this.#request({
      ...{ host, path, method: 'POST', agent: this.#agent, signal, headers: { ...headers, 'content-length': size } },
      ...(port === '' ? {} : { port }),
    })
    request.setTimeout(this.#limits.replyTimeoutMs, () => request.destroy(new Error('it says nothing')))
    return request
  }
}

function answerOf(request: ClientRequest, bytesMax: number): Promise<ApiAnswer> {
  const answer = new Promise<ApiAnswer>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('error', reject)
      response.on('data', (piece: string) => {
        text += piece
        if (text.length > bytesMax) request.destroy(new Error('its answer is too long'))
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
  })
  answer.catch(() => undefined)
  return answer
}

async function* readable(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* body
  } catch (cause) {
    throw new Unreadable('The message could not be read', { cause })
  }
}
