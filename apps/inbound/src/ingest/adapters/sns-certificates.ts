// The certificates that Amazon SNS signs with, by their URL: fetched from Amazon's own hosts alone, over https, and kept for a day.

import { type KeyObject, X509Certificate } from 'node:crypto'
import type { IngestContext } from '../context.js'
import { certificateBytesMax, certificateKeptMs, certificatesMax, fetchTimeoutMs } from '../limits.js'
import { Unproven } from '../proof.js'

/** `sns.eu-west-1.amazonaws.com`, and China's. */
const snsHost = /^sns\.[a-z\d-]+\.amazonaws\.com(?:\.cn)?$/

/** Undefined where it isn't Amazon's. */
export function snsUrl(text: unknown): URL | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const isPlain = url.protocol === 'https:' && url.port === '' && url.username === '' && url.password === ''
  return isPlain && snsHost.test(url.hostname) ? url : undefined
}

interface Kept {
  readonly key: KeyObject
  readonly until: number
}

export class SnsCertificates {
  readonly #context: () => IngestContext
  readonly #kept = new Map<string, Kept>()

  constructor(context: () => IngestContext) {
    this.#context = context
  }

  async keyAt(text: unknown): Promise<KeyObject> {
    const url = snsUrl(text)
    if (url === undefined || !url.pathname.endsWith('.pem'))
      throw new Unproven("the signing certificate isn't Amazon's")
    const now = this.#context().inbound.clock()
    const kept = this.#kept.get(url.href)
    if (kept !== undefined && kept.until > now) return kept.key
    const certificate = new X509Certificate(await this.fetchText(url))
    const until = Math.min(now + certificateKeptMs, Date.parse(certificate.validTo))
    if (!(until > now) || Date.parse(certificate.validFrom) > now)
      throw new Unproven('the certificate is not valid now')
    if (this.#kept.size >= certificatesMax) this.#kept.clear()
    this.#kept.set(url.href, { key: certificate.publicKey, until })
    return certificate.publicKey
  }

  /** No redirect is followed: it could lead anywhere. */
  async fetchText(url: URL): Promise<string> {
    const signal = AbortSignal.timeout(fetchTimeoutMs)
    try {
      const response = await this.#context().fetch(url.href, { signal, redirect: 'error' })
      if (!response.ok) throw new Error(`it answered ${response.status}`)
      const text = await response.text()
      if (text.length > certificateBytesMax) throw new Error(`it answered ${text.length} characters`)
      return text
    } catch (cause) {
      throw new Unreachable(`${url.host} can't be asked`, { cause })
    }
  }
}

/** Amazon sends the notification again. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}
