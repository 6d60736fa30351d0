// `--retention` of a domain: how many days its mail is kept, folder by folder (contract F2). Trash and Spam are named by their use, so that
// they're the right ones whatever somebody has called them.

import type { Domain } from '@postern/mailbox-store'
import { retentionDaysOf, retentionDefaults } from '../parts/retention.js'
import { many, Unreadable } from './options.js'
import { atLeastOne } from './quantities.js'

const daysMax = 36_500

interface Kept {
  readonly mailbox: string
  /** 0: for ever. Undefined: as if it had never been said. */
  readonly days: number | undefined
}

export const retentionOption = many(
  '<folder=days>',
  'how long mail is kept there: Trash=7, INBOX=365, *=730 for all that have no rule of their own; `none` for ever, `default` takes the rule away',
  readKept,
)

function readKept(text: string): Kept {
  const [, mailbox = '', days = ''] = /^(.+)=(\w+)$/.exec(text) ?? []
  if (mailbox === '') throw new Unreadable('is a folder with its days, such as Trash=30')
  const known = retentionDefaults.find(({ name }) => name.toLowerCase() === mailbox.toLowerCase())
  return { mailbox: known?.use ?? mailbox, days: daysIn(days) }
}

function daysIn(text: string): number | undefined {
  if (text === 'default') return undefined
  if (text === 'none') return 0
  const days = atLeastOne(text)
  if (days > daysMax) throw new Unreadable(`is ${daysMax} days at most`)
  return days
}

/** Null where nothing is left that differs from the defaults. */
export function retentionDaysWith(
  changes: readonly Kept[],
  { settings }: Pick<Domain, 'settings'>,
): Readonly<Record<string, number>> | null {
  const days = new Map(Object.entries(settings.retentionDays ?? {}))
  for (const { mailbox, days: each } of changes) {
    if (each === undefined) days.delete(mailbox)
    else days.set(mailbox, each)
  }
  return days.size === 0 ? null : Object.fromEntries(days)
}

/** null keeps mail for ever. */
export const retentionObject = (domain: Pick<Domain, 'settings'>): Readonly<Record<string, number | null>> =>
  Object.fromEntries(
    Object.entries(retentionDaysOf(domain)).map(([mailbox, days]) => [mailbox, days === 0 ? null : days]),
  )

export const retentionText = (days: Readonly<Record<string, number | null>>): string =>
  Object.entries(days)
    .map(([mailbox, each]) => `${shownAs(mailbox)} ${each === null ? 'for ever' : `${each} days`}`)
    .join(', ')

function shownAs(mailbox: string): string {
  if (mailbox === '*') return 'other folders'
  return retentionDefaults.find(({ use }) => use === mailbox)?.name ?? mailbox
}
