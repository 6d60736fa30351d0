// Which mail each domain wants removed, and when (contract F2), as the rules that the store's sweep takes.

import type { Directory, Domain, RetentionRule } from '@postern/mailbox-store'
import { everyItem } from '../pages.js'

export async function retentionRules(directory: Directory): Promise<RetentionRule[]> {
  const rules: RetentionRule[] = []
  for await (const domain of everyItem((page) => directory.listDomains(page))) rules.push(...rulesOf(domain))
  return rules
}

/**
 * The store's `*` takes every mailbox, a domain's `*` the rest. Where a named mailbox is kept longer than the rest, the
 * rest is kept as long as that: too much is kept rather than too little.
 */
export function rulesOf({ id, settings }: Pick<Domain, 'id' | 'settings'>): RetentionRule[] {
  const wanted = Object.entries(settings.retentionDays ?? {})
  const longest = Math.max(...wanted.map(([, days]) => days))
  return wanted.map(([mailbox, days]) => ({ domain: id, mailbox, days: mailbox === '*' ? longest : days }))
}
