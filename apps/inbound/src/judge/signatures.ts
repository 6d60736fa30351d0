/// <reference path="./mailauth-more.d.ts" />
/**
 * DKIM signatures and the newest of ARC's, checked by mailauth in one pass over the message, which is never whole in memory. A signature
 * that is right counts only if it covers what a reader sees: every From field (RFC 6376 §5.4, §8.15) and the whole body (§8.2), by an
 * algorithm that still proves something (RFC 8301 §3.1). Nothing here throws for what is in a message.
 */
import { Readable } from 'node:stream'
import { type ARCSigningData, type DKIMResult, dkimVerify } from 'mailauth'
import type { ArrivedText } from '../arrival.js'
import type { Dkim, DkimResult } from './checks.js'
import type { AskDns } from './name-lookups.js'
import { plainBody } from './plain-body.js'

export interface Signatures {
  readonly dkim: readonly Dkim[]
  /** What arc-chain.ts goes on with. */
  readonly arc: ARCSigningData | undefined
}

export interface SignatureOptions {
  /** What is shown of the header, undefined where it's too much of one. */
  readonly header: Buffer | undefined
  readonly fromFields: number
  readonly ask: AskDns
  /** Unix milliseconds. */
  readonly now: number
}

const rsaBitsMin = 1_024

export async function signatures(text: ArrivedText, options: SignatureOptions): Promise<Signatures> {
  const { header, ask: resolver, now } = options
  if (header === undefined) return unread('the header is too large to be checked')
  const shown = Readable.from(message(header, text), { objectMode: false })
  try {
    const verified = await dkimVerify(shown, { resolver, curTime: now, minBitLength: rsaBitsMin, sender: '<>' })
    const dkim = verified.results.filter(({ signingDomain }) => signingDomain).map((each) => dkimOf(each, options))
    return { dkim, arc: verified.arc }
  } finally {
    shown.destroy()
  }
}

export const unread = (why: string): Signatures => ({
  dkim: [{ result: 'neutral', domain: '', selector: '', algorithm: '', why }],
  arc: undefined,
})

async function* message(header: Buffer, text: ArrivedText): AsyncGenerator<Buffer> {
  yield header
  yield* plainBody(text)
}

function dkimOf(each: DKIMResult, { fromFields }: SignatureOptions): Dkim {
  const { status, signingDomain, selector = '', algo: algorithm = '' } = each
  const facts = { domain: signingDomain.toLowerCase(), selector, algorithm }
  const result = resultOf(status.result)
  const lacking = result === 'pass' ? lackOf(each, fromFields) : undefined
  if (lacking !== undefined) return { ...facts, result: 'policy', why: lacking }
  return { ...facts, result, why: result === 'pass' ? undefined : status.comment || undefined }
}

function lackOf({ algo = '', signingHeaders, ...each }: DKIMResult, fromFields: number): string | undefined {
  const signed = (signingHeaders?.keys ?? '').split(':').filter((name) => name.trim().toLowerCase() === 'from')
  if (signed.length === 0 || signed.length < fromFields) return 'From is not signed'
  if ((each.canonBodyLengthTotal ?? 0) > (each.canonBodyLength ?? 0)) return 'a part of the body is not signed'
  return algo.toLowerCase().endsWith('sha1') ? 'sha1 proves nothing' : undefined
}

const results: readonly string[] = ['pass', 'fail', 'neutral', 'policy', 'none', 'temperror', 'permerror']

const isDkimResult = (result: string): result is DkimResult => results.includes(result)

const resultOf = (result: string): DkimResult => (isDkimResult(result) ? result : 'neutral')
