/**
 * The way out through Amazon SES (API version 2, SendEmail with raw content), signed with Signature Version 4. The message is sent as
 * it is. The signature covers the body's hash, so that the message is read twice, once to be hashed and once to be sent: it's
 * never whole in memory. SES takes 40 MB of base64, keeps no REQUIRETLS, relays no DSN request, and has no key against sending
 * twice: a lost reply may mean a second copy, and the answer says so.
 */
import { createHash } from 'node:crypto'
import { domainToASCII } from 'node:url'
import type { SesRoute } from '@postern/routing'
import aws4 from 'aws4'
import { type ApiAnswer, ApiClient } from '../http/api-client.js'
import { type Meaning, refused, unanswered } from '../http/refused.js'
import { transportLimits } from '../limits.js'
import { hasNonAscii } from '../smtp/fitness.js'
import { sameForAll } from '../smtp/undelivered.js'
import type { Parcel, Sent, Transport } from '../transport.js'
import type { TransportDeps } from '../transport-deps.js'
import { rawRequest } from './raw-request.js'

export const sesBase64BytesMax = 40_000_000
const recipientsMax = 50
const path = '/v2/email/outbound-emails'

export function createSes(route: SesRoute, deps: TransportDeps): Transport {
  const limits = { ...transportLimits, ...deps.limits }
  const clock = deps.clock ?? Date.now
  const api = new ApiClient(route.endpoint ?? `https://email.${route.region}.amazonaws.com`, { deps, limits })
  const remote = api.url.host

  return {
    async send(parcel, { signal }) {
      const unfit = unfitFor(parcel)
      const answers = new Map(unfit.map((sent) => [sent.id, sent]))
      const waiting = parcel.recipients.filter(({ id }) => !answers.has(id))
      for (let from = 0; from < waiting.length; from += recipientsMax) {
        const batch = { ...parcel, recipients: waiting.slice(from, from + recipientsMax) }
        for (const sent of await sendBatch(batch, signal)) answers.set(sent.id, sent)
      }
      return parcel.recipients.map(({ id }) => answers.get(id)!)
    },
    async close() {
      api.close()
    },
  }

  async function sendBatch(parcel: Parcel, signal: AbortSignal): Promise<readonly Sent[]> {
    const { size, body } = rawRequest(
      parcel.message,
      parcel.recipients.map(({ address }) => plainAddress(address)),
    )
    const hash = createHash('sha256')
    for await (const piece of body()) hash.update(piece)
    try {
      const answer = await api.post({ path, size, body, headers: signed(hash.digest('hex')) }, signal)
      return readAnswer(parcel, answer)
    } catch (error) {
      return unanswered(parcel, error)
    }
  }

  function signed(bodyHash: string): Readonly<Record<string, string>> {
    const now = new Date(clock()).toISOString().replace(/[-:]|\.\d+/g, '')
    const headers = {
      Host: api.url.host,
      'Content-Type': 'application/json',
      'X-Amz-Content-Sha256': bodyHash,
      'X-Amz-Date': now,
    }
    const keys = { accessKeyId: route.accessKeyId, secretAccessKey: route.secretAccessKey }
    const asked = { method: 'POST', service: 'ses', region: route.region, path, headers }
    return { ...headers, Authorization: String(aws4.sign(asked, keys).headers?.Authorization) }
  }

  function readAnswer(parcel: Parcel, answer: ApiAnswer): readonly Sent[] {
    const said = jsonOf(answer.text)
    if (answer.status >= 200 && answer.status < 300) {
      const text = `Accepted as ${said.MessageId ?? 'a message without an id'}`
      return parcel.recipients.map(({ id }) => ({
        id,
        kind: 'delivered',
        remote,
        status: '2.0.0',
        text,
        relaysDsn: false,
      }))
    }
    // `MessageRejected:http://internal.amazon.com/coral/…`
    const type = String(answer.headers['x-amzn-errortype'] ?? said.__type ?? 'an error without a name')
    const name = type.split(':', 1)[0]?.split('#').at(-1) ?? ''
    const meaning = meaningOf(name, answer.status)
    const message = said.message ?? said.Message ?? ''
    if (meaning === 'trouble') deps.logger.error({ remote, name, message }, 'SES lets no mail through: check its route')
    return refused(parcel, { meaning, name: `SES ${name}`, message }, { answer, remote })
  }

  function unfitFor(parcel: Parcel): readonly Sent[] {
    const fail = (status: string, text: string) => sameForAll(parcel, { kind: 'failed', status, text })
    if (parcel.requireTls) return fail('5.7.30', 'REQUIRETLS was asked for, and SES does not keep it')
    if (Math.ceil(parcel.message.size / 3) * 4 > sesBase64BytesMax)
      return fail('5.3.4', `The message has ${parcel.message.size} bytes; SES takes ${sesBase64BytesMax} in base64`)
    const foreign = parcel.recipients.filter(({ address }) => hasNonAscii(address.slice(0, address.lastIndexOf('@'))))
    const text = 'SES takes no addresses with letters beyond ASCII before the @'
    return sameForAll({ ...parcel, recipients: foreign }, { kind: 'failed', status: '5.6.7', text })
  }
}

function plainAddress(address: string): string {
  const at = address.lastIndexOf('@') + 1
  return address.slice(0, at) + (hasNonAscii(address) ? domainToASCII(address.slice(at)) : address.slice(at))
}

/** By the names that SendEmail lists; a throttle is a 429 or says so. */
function meaningOf(name: string, status: number): Meaning {
  if (status === 429 || /Throttl|TooManyRequests|LimitExceeded/.test(name)) return 'deferred'
  if (status === 401 || status === 403 || status === 404) return 'trouble'
  if (/AccountSuspended|SendingPaused|MailFromDomainNotVerified|NotFound/.test(name)) return 'trouble'
  return status >= 400 && status < 500 && status !== 408 ? 'failed' : 'deferred'
}

interface Said {
  readonly MessageId?: string
  readonly __type?: string
  readonly message?: string
  readonly Message?: string
}

function jsonOf(text: string): Said {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
