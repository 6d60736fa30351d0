// The chain of those who handed a message on and sealed what they saw of it: RFC 8617. mailauth checks it; here is who they are.

import { type ARCChainEntry, type ARCSigningData, arc } from 'mailauth'
import type { Arc, Sealer } from './checks.js'
import type { AskDns } from './name-lookups.js'

const rsaBitsMin = 1_024

export async function arcChain(data: ARCSigningData | undefined, ask: AskDns): Promise<Arc> {
  if (data === undefined || (!data.chain && data.error === undefined))
    return { result: 'none', sealers: [], why: undefined }
  const chain = data.chain || []
  // Before the check, which rewrites what it has read.
  const sealers = chain.map(sealerOf).reverse()
  const { status } = await arc({ ...data, chain }, { resolver: ask, minBitLength: rsaBitsMin })
  const isRight = status.result === 'pass'
  return { result: isRight ? 'pass' : 'fail', sealers, why: isRight ? undefined : status.comment || undefined }
}

function sealerOf(entry: ARCChainEntry): Sealer {
  const seal: Parsed | undefined = entry['arc-seal']?.parsed
  const results: Parsed | undefined = entry['arc-authentication-results']?.parsed
  return {
    domain: word(seal?.d?.value),
    dmarc: word(results?.dmarc?.value),
    from: word(results?.dmarc?.header?.from) || undefined,
  }
}

type Parsed = {
  readonly [tag: string]: { readonly value?: unknown; readonly header?: { readonly from?: unknown } } | undefined
}

const word = (value: unknown): string => (typeof value === 'string' ? value.trim().toLowerCase() : '')
