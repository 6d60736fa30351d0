// The opinion of an rspamd beside the gateway, by its HTTP protocol: the message is posted to /checkv2 with what is known of its envelope
// in header fields, and the answer names an action. It's a help and no gate: where it doesn't answer in time, or with something else,
// the message goes on without it, and a metric tells.

import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Logger, Metrics } from '@postern/telemetry'
import type { Action, Addressed, ArrivedText, Reply } from '../arrival.js'
import { senderOf, unmapped } from './sender-path.js'

export interface Opinion {
  /** Its own word, with a hyphen for each space. */
  readonly action: string
  readonly score: number
}

export interface Rspamd {
  /** Undefined where it has none. */
  ask(text: ArrivedText, addressed: Addressed): Promise<Opinion | undefined>
}

export interface RspamdOptions {
  /** `http://127.0.0.1:11333` */
  readonly url: string
  readonly timeoutMs: number
  readonly hostname: string
  readonly logger: Logger
  readonly metrics: Metrics
}

export function rspamd({ url, timeoutMs, hostname, logger, metrics }: RspamdOptions): Rspamd {
  const place = new URL('checkv2', url.endsWith('/') ? url : `${url}/`)
  return {
    async ask(text, addressed) {
      try {
        const signal = AbortSignal.timeout(timeoutMs)
        const opinion = await posted(text, { place, signal, fields: fieldsOf(addressed, hostname) })
        metrics.rspamdAnswers.inc({ outcome: 'ok' })
        return opinion
      } catch (error) {
        metrics.rspamdAnswers.inc({ outcome: error instanceof NoOpinion ? 'senseless' : 'unreachable' })
        logger.warn(
          { err: error, message: addressed.arrival.id },
          'rspamd gave no opinion: the message goes on without it',
        )
        return undefined
      }
    },
  }
}

class NoOpinion extends Error {
  override readonly name = 'NoOpinion'
}

/** What a value in a header field of HTTP can't have is left out. */
const plain = (value: string): string => value.replace(/[^\x20-\x7e]/g, '?')

function fieldsOf({ arrival, recipients }: Addressed, hostname: string): Record<string, string | string[]> {
  const { id, sender } = arrival
  const { address, helo } = senderOf(arrival)
  return {
    'Queue-Id': plain(id),
    From: plain(sender),
    Rcpt: recipients.map(({ address }) => plain(address)),
    'MTA-Name': hostname,
    // Of another server's message the client isn't known, and the one in front is no sender.
    ...(address === undefined ? {} : { IP: unmapped(address) }),
    ...(helo === undefined ? {} : { Helo: plain(helo) }),
  }
}

interface Posting {
  readonly place: URL
  readonly signal: AbortSignal
  readonly fields: Record<string, string | string[]>
}

async function posted(text: ArrivedText, { place, signal, fields }: Posting): Promise<Opinion> {
  const headers = { ...fields, 'Content-Type': 'message/rfc822', 'Content-Length': text.sizeBytes }
  const send = place.protocol === 'https:' ? tlsRequest : plainRequest
  const outgoing = send(place, { method: 'POST', headers, signal })
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
  })
  // One that answers before it has read all is heard all the same.
  const [response] = await Promise.all([answer, pipeline(Readable.from(text.read()), outgoing)])
  if (response.statusCode !== 200) {
    response.resume()
    throw new NoOpinion(`rspamd answered with status ${response.statusCode}`)
  }
  return readOpinion(await bodyOf(response))
}

const answerBytesMax = 1_048_576

async function bodyOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > answerBytesMax) throw new NoOpinion(`rspamd answered with more than ${answerBytesMax} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function readOpinion(json: string): Opinion {
  const answer: unknown = parsed(json)
  if (typeof answer !== 'object' || answer === null || !('action' in answer) || typeof answer.action !== 'string')
    throw new NoOpinion('rspamd answered without an action')
  const score = 'score' in answer && typeof answer.score === 'number' ? answer.score : 0
  return {
    action: answer.action
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 40),
    score: Math.round(score * 100) / 100,
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new NoOpinion('rspamd answered with something that is no JSON', { cause })
  }
}

interface Rated {
  readonly action: Action
  readonly reply?: Reply
}

/** What rspamd calls them; an action that isn't here changes nothing. */
const actions: ReadonlyMap<string, Rated> = new Map([
  ['no-action', { action: 'accept' }],
  [
    'greylist',
    { action: 'defer', reply: '451 4.7.1 The message is not known here yet, send it again in a few minutes' },
  ],
  ['soft-reject', { action: 'defer', reply: '451 4.7.1 The message cannot be taken now, send it again later' }],
  ['add-header', { action: 'spam' }],
  ['rewrite-subject', { action: 'spam' }],
  ['quarantine', { action: 'spam' }],
  ['discard', { action: 'spam' }],
  ['reject', { action: 'refuse', reply: '550 5.7.1 The message looks like spam' }],
])

/** Who has told the sender already that the message was taken can't be refused it. */
export function decisionOf({ action }: Opinion, { isTaken }: { readonly isTaken: boolean }): Rated {
  const rated = actions.get(action) ?? { action: 'accept' }
  return isTaken && rated.action === 'refuse' ? { action: 'spam' } : rated
}
