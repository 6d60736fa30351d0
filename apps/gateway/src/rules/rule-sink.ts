// Where a rule posts to, as it is now: its URL is in what it says, its secret is sealed beside it.

import type { Directory } from '@postern/mailbox-store'
import type { Rule } from '@postern/rules'
import type { Sink } from '@postern/sink'
import type { SealedRecords } from '../sending/sealed-records.js'
import { storedRule } from './stored-rules.js'

export const sinkUrlOf = ({ actions }: Pick<Rule, 'actions'>): string | undefined =>
  actions.flatMap((action) => (action.kind === 'sink' ? [action.url] : []))[0]

/** Undefined where the rule has gone, or posts no more. */
export async function ruleSink(
  publicId: string,
  { directory, sealed }: { readonly directory: Directory; readonly sealed: SealedRecords },
): Promise<Sink | undefined> {
  const stored = await directory.findRule(publicId)
  if (stored === undefined) return undefined
  const url = sinkUrlOf(storedRule(stored))
  const secret = sealed.ruleSecretOf(stored)
  return url === undefined || secret === undefined ? undefined : { url, secret }
}
