// Which mailboxes of another server are imported, and what they're called here: without the prefix of its namespace, with `/` for
// its delimiter. Those that only show the mail of others, as \All and \Flagged do (RFC 6154 §2), are left out unless they're named;
// but of Gmail's All Mail comes what is nowhere else, into Archive.

import type { SpecialUse } from '@postern/mailbox-store'
import type { ImapFlow, ListResponse } from 'imapflow'

export interface ListedMailbox {
  /** As the server names it. */
  readonly path: string
  readonly name: string
  readonly specialUse: SpecialUse | undefined
  readonly isSubscribed: boolean
  /** Only messages without a label that is another mailbox. */
  readonly isRest: boolean
}

export interface Choice {
  readonly only: readonly string[] | undefined
  readonly except: readonly string[] | undefined
}

export interface Chosen {
  readonly mailboxes: readonly ListedMailbox[]
  readonly passedOver: readonly { readonly path: string; readonly why: string }[]
  /** Names that were asked for and aren't there. */
  readonly missing: readonly string[]
}

const ownUses: ReadonlySet<string> = new Set(['\\Sent', '\\Drafts', '\\Trash', '\\Junk', '\\Archive'])
/** RFC 6154 §2, RFC 8457 §3. */
const viewUses: readonly string[] = ['\\All', '\\Flagged', '\\Important']

export async function chooseMailboxes(client: ImapFlow, { only, except = [] }: Choice): Promise<Chosen> {
  const listed = await client.list()
  const isGmail = client.capabilities.has('X-GM-EXT-1')
  const mailboxes: ListedMailbox[] = []
  const passedOver: { path: string; why: string }[] = []
  for (const one of listed) {
    const why = only === undefined ? passedOverFor(one, { client, except, isGmail }) : undefined
    if (why !== undefined) passedOver.push({ path: one.path, why })
    else if (isSelectable(one) && (only === undefined || names(only, one)))
      mailboxes.push(mailboxOf(one, { client, isGmail, isAll: only === undefined }))
  }
  const missing = [...(only ?? []), ...except].filter((name) => !listed.some((one) => names([name], one)))
  // What is nowhere else is known only when the others are through.
  mailboxes.sort((a, b) => Number(a.isRest) - Number(b.isRest))
  return { mailboxes, passedOver, missing }
}

const isSelectable = ({ flags }: ListResponse): boolean =>
  ![...flags].some((flag) => ['\\noselect', '\\nonexistent'].includes(flag.toLowerCase()))

/** As the server says it: by their names alone mailboxes are no such thing. */
const viewOf = ({ flags }: ListResponse): string | undefined => {
  const said = new Set([...flags].map((flag) => flag.toLowerCase()))
  return viewUses.find((use) => said.has(use.toLowerCase()))
}

/** INBOX is INBOX in any case (RFC 9051 §5.1). */
const names = (given: readonly string[], { path }: ListResponse): boolean =>
  given.some((name) => name === path || (path === 'INBOX' && name.toUpperCase() === 'INBOX'))

function passedOverFor(
  one: ListResponse,
  { client, except, isGmail }: { client: ImapFlow; except: readonly string[]; isGmail: boolean },
): string | undefined {
  if (names(except, one)) return 'it is left out by --except'
  if (!isSelectable(one)) return undefined
  if (isOfOthers(client, one.path)) return 'it is in a namespace of others: name it by --mailbox, if it shall come'
  const view = viewOf(one)
  if (view !== undefined && !(isGmail && view === '\\All')) return `it shows mail of other mailboxes (${view})`
  return undefined
}

function isOfOthers({ namespaces }: ImapFlow, path: string): boolean {
  const lists = [namespaces?.other, namespaces?.shared]
  return lists.some(
    (list) => Array.isArray(list) && list.some(({ prefix }) => prefix !== '' && path.startsWith(prefix)),
  )
}

function mailboxOf(
  listed: ListResponse,
  { client, isGmail, isAll }: { client: ImapFlow; isGmail: boolean; isAll: boolean },
): ListedMailbox {
  const { path, delimiter, specialUse, subscribed } = listed
  const isRest = isGmail && isAll && viewOf(listed) === '\\All'
  const use = isRest
    ? '\\Archive'
    : specialUse !== undefined && ownUses.has(specialUse)
      ? (specialUse as SpecialUse)
      : undefined
  const name = isRest ? 'Archive' : nameOf(path, { delimiter, prefix: client.namespace?.prefix ?? '' })
  return { path, name, specialUse: use, isSubscribed: subscribed, isRest }
}

export function nameOf(path: string, { delimiter, prefix }: { delimiter: string; prefix: string }): string {
  if (path.toUpperCase() === 'INBOX') return 'INBOX'
  const bare =
    prefix !== '' && path.startsWith(prefix) && path.length > prefix.length ? path.slice(prefix.length) : path
  if (!delimiter || delimiter === '/') return bare
  return bare
    .split(delimiter)
    .map((level) => level.replaceAll('/', '_'))
    .join('/')
}
