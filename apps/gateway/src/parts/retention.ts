// Which mail each domain wants removed, and when (contract F2), as the rules that the store's sweep takes. Trash and Spam are
// emptied after 30 days unless the domain says otherwise; nothing else goes by itself unless it says so.

import type { Directory, Domain, RetentionRule, SpecialUse } from '@postern/mailbox-store'
import { everyItem } from '../pages.js'

/** What holds where a domain says nothing of the folder, neither by its use nor by its usual name. */
export const retentionDefaults: readonly { readonly use: SpecialUse; readonly name: string; readonly days: number }[] =
  [
    { use: '\\Trash', name: 'Trash', days: 30 },
    { use: '\\Junk', name: 'Spam', days: 30 },
  ]

export async function retentionRules(directory: Directory): Promise<RetentionRule[]> {
  const rules: RetentionRule[] = []
  for await (const domain of everyItem((page) => directory.listDomains(page))) rules.push(...rulesOf(domain))
  return rules
}

export function rulesOf({ id, settings }: Pick<Domain, 'id' | 'settings'>): RetentionRule[] {
  const days = retentionDaysOf({ settings })
  return Object.entries(days).map(([mailbox, each]) => ({ domain: id, mailbox, days: each === 0 ? Infinity : each }))
}

/** By mailbox, the defaults among them; 0 keeps mail for ever. */
export function retentionDaysOf({ settings }: Pick<Domain, 'settings'>): Readonly<Record<string, number>> {
  const own = settings.retentionDays ?? {}
  const unsaid = retentionDefaults.filter(({ use, name }) => !(use in own) && !(name in own))
  return { ...Object.fromEntries(unsaid.map(({ use, days }) => [use, days])), ...own }
}
