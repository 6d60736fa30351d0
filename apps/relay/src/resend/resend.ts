/**
 * The way out through Resend's API. The message is taken apart (`take-apart.ts`) and is whole in memory while it's sent, its
 * attachments in base64 beside it: 40 MB at most. An Idempotency-Key made of the queue id and the recipients keeps a retry within a
 * day from sending twice. No REQUIRETLS, no DSN requests.
 */
import { createHash } from 'node:crypto'
import type { ResendRoute } from '@postern/routing'
import { type ApiAnswer, ApiClient } from '../http/api-client.js'
import { type Meaning, refused, unanswered } from '../http/refused.js'
import { transportLimits } from '../limits.js'
import { sameForAll } from '../smtp/undelivered.js'
import type { OutgoingMessage, Parcel, Sent, Transport } from '../transport.js'
import type { TransportDeps } from '../transport-deps.js'
import { type Addressed, addressed } from './addressed.js'
import { NotCarried, type TakenApart, takeApart } from './take-apart.js'

/** Of Resend's 40 MB, which count after base64. */
export const resendBytesMax = 29_000_000

export function createResend(route: ResendRoute, deps: TransportDeps): Transport {
  const limits = { ...transportLimits, ...deps.limits }
  const api = new ApiClient(route.endpoint ?? 'https://api.resend.com', { deps, limits })
  const remote = api.url.host
  const path = `${api.url.pathname.replace(/\/$/, '')}/emails`

  return {
    async send(parcel, { signal }) {
      const fail = (status: string, text: string) => sameForAll(parcel, { kind: 'failed', status, text })
      if (parcel.requireTls) return fail('5.7.30', 'REQUIRETLS was asked for, and Resend does not keep it')
      if (parcel.message.size > resendBytesMax)
        return fail('5.3.4', `The message has ${parcel.message.size} bytes; Resend takes ${resendBytesMax}`)
      const bytes = await wholeOf(parcel.message)
      try {
        const message = takeApart(bytes)
        const answers: Sent[] = []
        for (const one of addressed(parcel.recipients, message))
          answers.push(...(await sendOne(parcel, { one, message, signal })))
        const byId = new Map(answers.map((sent) => [sent.id, sent]))
        return parcel.recipients.map(({ id }) => byId.get(id)!)
      } catch (error) {
        if (error instanceof NotCarried)
          return fail('5.6.1', `Resend can't carry this message as it is: ${error.message}`)
        throw error
      }
    },
    async close() {
      api.close()
    },
  }

  async function sendOne(
    parcel: Parcel,
    { one, message, signal }: { one: Addressed; message: TakenApart; signal: AbortSignal },
  ): Promise<readonly Sent[]> {
    const body = Buffer.from(JSON.stringify(emailOf(message, one)))
    const headers = {
      authorization: `Bearer ${route.apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': keyOf(parcel, one),
      'user-agent': 'postern',
    }
    const asked = { path, headers, size: body.length, body: () => once(body) }
    const batch = { ...parcel, recipients: one.recipients }
    try {
      return readAnswer(batch, await api.post(asked, signal))
    } catch (error) {
      return unanswered(batch, error)
    }
  }

  function readAnswer(parcel: Parcel, answer: ApiAnswer): readonly Sent[] {
    const said = jsonOf(answer.text)
    if (answer.status >= 200 && answer.status < 300) {
      const text = `Accepted as ${said.id ?? 'a message without an id'}`
      return parcel.recipients.map(({ id }) => ({
        id,
        kind: 'delivered',
        remote,
        status: '2.0.0',
        text,
        relaysDsn: false,
      }))
    }
    const { name = 'an error without a name', message = '' } = said
    const meaning = meaningOf(name, answer.status)
    if (meaning === 'trouble')
      deps.logger.error({ remote, name, message }, 'Resend lets no mail through: check its route')
    return refused(parcel, { meaning, name: `Resend ${name}`, message }, { answer, remote })
  }
}

function emailOf(message: TakenApart, { to, cc, bcc }: Addressed): Readonly<Record<string, unknown>> {
  const { from, subject, text, html, headers, attachments, replyTo } = message
  const some = <Value>(name: string, list: readonly Value[]) => (list.length > 0 ? { [name]: list } : {})
  return {
    ...{ from, to, subject, headers },
    ...{ ...some('cc', cc), ...some('bcc', bcc), ...some('reply_to', replyTo), ...some('attachments', attachments) },
    ...(html === undefined ? { text: text ?? '' } : { html, ...(text === undefined ? {} : { text }) }),
  }
}

/** The same for every try of the same recipients; at most 256 characters. */
function keyOf(parcel: Parcel, { recipients }: Addressed): string {
  const addresses = recipients.map(({ address }) => address).sort()
  return createHash('sha256')
    .update(JSON.stringify([parcel.queueId, addresses]))
    .digest('hex')
}

/** A key or domain that isn't good is the route's trouble; a key in use right now is a try that's still running. */
function meaningOf(name: string, status: number): Meaning {
  if (status === 401 || status === 403 || status === 404) return 'trouble'
  if (status === 429 || status === 408 || name === 'concurrent_idempotent_requests') return 'deferred'
  return status >= 400 && status < 500 ? 'failed' : 'deferred'
}

async function* once(body: Buffer): AsyncIterable<Uint8Array> {
  yield body
}

async function wholeOf(message: OutgoingMessage): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of message.read()) pieces.push(piece)
  return Buffer.concat(pieces)
}

interface Said {
  readonly id?: string
  readonly name?: string
  readonly message?: string
}

function jsonOf(text: string): Said {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
