// `postern inbox verdicts`: what was thought of the newest messages of a mailbox when they came in: SPF, DKIM, DMARC, ARC, and rspamd's
// word. It's read from the Authentication-Results that this server has put on top of each (docs/decisions/verdict-in-the-header.md).

import type { OpenMailbox, Store } from '@postern/mailbox-store'
import { authenticationResults, type MethodResult } from '@postern/message'
import { Failure } from '@postern/service'
import { command } from './command.js'
import { withStore } from './existing-store.js'
import { one } from './options.js'
import { atLeastOne } from './quantities.js'
import { inboxOf } from './references.js'
import { table } from './table.js'

interface Verdict {
  readonly uid: number
  readonly received_at: string
  /** Each is null where nothing was found out. */
  readonly spf: string | null
  readonly dkim: readonly { readonly result: string; readonly domain: string | null }[]
  readonly dmarc: string | null
  /** The author's domain, which DMARC was asked about. */
  readonly author: string | null
  readonly arc: string | null
  readonly rspamd: string | null
  /** False where nobody has judged it: it was put there by its owner, or came from a server in front. */
  readonly judged: boolean
}

const usualLimit = 20

export const inboxVerdicts = command('inbox verdicts', {
  about: 'show what was found out about who its newest mail is from',
  parameters: [['<address>', 'the inbox, by its address or its id']],
  options: {
    mailbox: one('<name>', 'another mailbox than INBOX, such as Spam'),
    limit: one('<count>', `so many messages; ${usualLimit} unless it's said`, atLeastOne),
  },
  run: ({ env, args: [word], options: { mailbox = 'INBOX', limit = usualLimit } }) =>
    withStore(env, async ({ store, config: { hostname } }) => {
      const inbox = await inboxOf(store.directory, word as string)
      const open = await opened(store, { account: inbox.id, mailbox })
      try {
        return { inbox: inbox.address, mailbox, data: await verdictsOf(open, { hostname, limit }) }
      } finally {
        open.close()
      }
    }),
  lines: ({ data }) =>
    table([
      ['UID', 'RECEIVED', 'SPF', 'DKIM', 'DMARC', 'AUTHOR', 'ARC', 'RSPAMD'],
      ...data.map(({ uid, received_at, spf, dkim, dmarc, author, arc, rspamd }) => [
        ...[String(uid), received_at, spf ?? '', dkim.map(({ result }) => result).join(' '), dmarc ?? ''],
        ...[author ?? '', arc ?? '', rspamd ?? ''],
      ]),
    ]),
})

async function opened(
  store: Store,
  { account: id, mailbox }: { readonly account: Parameters<Store['account']>[0]; readonly mailbox: string },
): Promise<OpenMailbox> {
  const account = store.account(id)
  const found = await account.mailbox(mailbox)
  if (found === undefined)
    throw new Failure('not_found', `The inbox has no mailbox ${mailbox}.`, {
      fix: 'Name it as a mail client shows it.',
    })
  const open = await account.open(found.id)
  await open.refresh()
  return open
}

/** The newest first. */
async function verdictsOf(
  open: OpenMailbox,
  { hostname, limit }: { readonly hostname: string; readonly limit: number },
): Promise<readonly Verdict[]> {
  const { entries, length } = open.index
  const first = Math.max(0, length - limit)
  const uids = new Map(Array.from(entries.messages.subarray(first, length), (id, i) => [id, entries.uids[first + i]]))
  const found: Verdict[] = []
  for await (const rows of open.rows(entries.messages.slice(first, length), {}))
    for (const { message, bodyStart, internalDate } of rows) {
      const header = await (await open.content(message))?.bytes({ start: 0, end: bodyStart })
      const results = header && authenticationResults(header, hostname)
      found.push({
        uid: uids.get(message) as number,
        received_at: new Date(internalDate * 1_000).toISOString(),
        ...shown(results ?? []),
        judged: results !== undefined,
      })
    }
  return found.reverse()
}

function shown(results: readonly MethodResult[]): Omit<Verdict, 'uid' | 'received_at' | 'judged'> {
  const of = (method: string): MethodResult | undefined => results.find((each) => each.method === method)
  const dkim = results.filter(({ method, result }) => method === 'dkim' && result !== 'none')
  return {
    spf: of('spf')?.result ?? null,
    dkim: dkim.map(({ result, properties }) => ({ result, domain: properties.get('header.d') ?? null })),
    dmarc: of('dmarc')?.result ?? null,
    author: of('dmarc')?.properties.get('header.from') ?? null,
    arc: of('arc')?.result ?? null,
    rspamd: of('x-rspamd')?.result ?? null,
  }
}
