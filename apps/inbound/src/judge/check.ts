// Everything that is found out about one message: header, signatures, the client, the chain of those who handed it on, and what its authors'
// domains have published. Nothing is decided here (policy.ts).

import type { Header } from '@postern/smtp'
import { arrivedHeader } from '@postern/smtp'
import type { Logger } from '@postern/telemetry'
import type { Arrival, ArrivedText } from '../arrival.js'
import { arcChain } from './arc-chain.js'
import { authorsOf } from './authors.js'
import { overlongLimits } from './body-limits.js'
import type { Checks, Dkim } from './checks.js'
import { authorsDmarc } from './dmarc.js'
import type { AskDns } from './name-lookups.js'
import { BodyTooOdd } from './plain-body.js'
import { senderPath } from './sender-path.js'
import { shownHeader } from './shown-header.js'
import { type Signatures, signatures, unread } from './signatures.js'

export interface CheckOptions {
  readonly arrival: Arrival
  readonly ask: AskDns
  readonly hostname: string
  /** Unix milliseconds. */
  readonly now: number
  readonly logger: Logger
}

export async function check(text: ArrivedText, options: CheckOptions): Promise<Checks> {
  const { arrival, ask, hostname } = options
  const header = arrivedHeader(text.header)
  const authors = authorsOf(header)
  const [spf, signed] = await Promise.all([
    senderPath(arrival, { ask, hostname }),
    signaturesOf(text, { ...options, header, fromFields: authors.fields }),
  ])
  const arc = await arcChain(signed.arc, ask)
  const { dkim } = signed
  // Without SPF only a pass is sure, and only a signature can bring one.
  if (spf === undefined && !dkim.some(({ result }) => result === 'pass')) return { spf, dkim, arc, dmarc: undefined }
  const dmarc = await authorsDmarc({ spf, dkim, authors, ask })
  return { spf, dkim, arc, dmarc: spf === undefined && dmarc?.result !== 'pass' ? undefined : dmarc }
}

/** What breaks the one who checks proves nothing for who sent it, and keeps no mail away. */
async function signaturesOf(
  text: ArrivedText,
  { header, ...options }: CheckOptions & { readonly header: Header; readonly fromFields: number },
): Promise<Signatures> {
  if (!header.fields.some(({ name }) => fieldsOfSignatures.has(name))) return { dkim: [], arc: undefined }
  try {
    const overlong = await overlongLimits(header, text)
    const { dkim, arc } = await signatures(text, { ...options, header: shownHeader(header, overlong) })
    return { dkim: [...dkim, ...overlong.map(() => beyondBody)], arc }
  } catch (error) {
    if (error instanceof BodyTooOdd) return unread(error.message)
    options.logger.error(
      { err: error, message: options.arrival.id },
      'the signatures of a message could not be checked',
    )
    return unread('it could not be checked')
  }
}

/** Without one of these the body needn't be read. */
const fieldsOfSignatures: ReadonlySet<string> = new Set([
  ...['dkim-signature', 'arc-seal', 'arc-message-signature', 'arc-authentication-results'],
])

const beyondBody: Dkim = {
  ...{ result: 'permerror', domain: '', selector: '', algorithm: '' },
  why: 'it claims to cover more than there is of the body',
}
