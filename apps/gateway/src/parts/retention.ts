// Which mail each domain wants removed, and when (contract F2), as the rules that the store's sweep takes.

import type { Directory, Domain, RetentionRule } from '@postern/mailbox-store'
import { everyItem } from '../pages.js'

export async function retentionRules(directory: Directory): Promise<RetentionRule[]> {
  const rules: RetentionRule[] = []
  for await (const domain of everyItem((page) => directory.listDomains(page))) rules.push(...rulesOf(domain))
  return rules
}

export function rulesOf({ id, settings }: Pick<Domain, 'id' | 'settings'>): RetentionRule[] {
  return Object.entries(settings.retentionDays ?? {}).map(([mailbox, days]) => ({ domain: id, mailbox, days }))
}
