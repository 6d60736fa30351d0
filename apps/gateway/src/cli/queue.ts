// `postern queue …`: mail that was accepted and has to leave (contract E4, G2, I4). It works on the store, beside the relay: what
// is to be tried again is due from then on, and a relay that runs sees it within a second or two. `explain` is in queue-explain.ts.

import { type Directory, parseAddress, type QueueEntry } from '@postern/mailbox-store'
import { foundOrNot } from '../found-or-not.js'
import { type Command, command } from './command.js'
import { withStore } from './existing-store.js'
import { listing } from './listing.js'
import { operator as by } from './operator.js'
import { choice, flag, one } from './options.js'
import { queueExplain } from './queue-explain.js'
import { answerText, isOpen, type QueueObject, queueObject, queueStates, storedState } from './queue-objects.js'
import { inboxOf, tenantOf } from './references.js'
import { fields, table } from './table.js'
import { Usage } from './usage.js'

const answerCharactersMax = 100

const list = listing('queue list', {
  about: 'list mail that has to leave, the newest first',
  options: {
    all: flag('what is settled, too'),
    state: choice(queueStates, 'only what has a recipient in this state'),
    to: one('<domain>', 'only what has a recipient there'),
    from: one('<address>', 'only of this envelope sender; <> for none'),
    inbox: one('<address>', 'only what this inbox sent'),
    tenant: one('<tenant>', 'only of this tenant'),
  },
  async page({ store: { directory, outbox } }, { all, state, to, from, inbox, tenant }) {
    const filter = {
      state: state && storedState(state),
      open: all || (state !== undefined && !isOpen({ state })) ? undefined : true,
      domain: to === undefined ? undefined : domainIn(to),
      sender: from === '<>' ? '' : from,
      account: inbox === undefined ? undefined : (await inboxOf(directory, inbox)).id,
      tenant: tenant === undefined ? undefined : (await tenantOf(directory, tenant)).id,
    }
    return async (page) => {
      const { items, next } = await outbox.list({ ...filter, ...page })
      return { items: await Promise.all(items.map((entry) => queueObject(directory, entry))), next }
    }
  },
  columns: [
    ['ID', ({ id }) => id],
    ['MADE', (entry) => entry.created_at],
    ['FROM', ({ from }) => from || '<>'],
    [
      'TO',
      ({ recipients: [first, ...more] }) =>
        `${first?.address ?? ''}${more.length > 0 ? ` and ${more.length} more` : ''}`,
    ],
    ['STATE', statesText],
    ['NEXT TRY', nextTryText],
    ['LAST ANSWER', (entry) => shortened(entry.recipients.map(answerText).find((text) => text !== '') ?? '')],
  ],
})

/** As the queue has it: a name in its A-labels, or an address literal. */
const domainIn = (word: string): string =>
  word.startsWith('[') ? word.toLowerCase() : parseAddress(`x@${word}`).domain

/** `2 waiting, 1 delivered`; one recipient's state alone. */
function statesText({ recipients }: QueueObject): string {
  const counts = new Map<string, number>()
  for (const { state } of recipients) counts.set(state, (counts.get(state) ?? 0) + 1)
  const [only] = counts.keys()
  return recipients.length === 1
    ? (only as string)
    : [...counts].map(([state, count]) => `${count} ${state}`).join(', ')
}

function nextTryText({ recipients }: QueueObject): string {
  const times = recipients.map(({ next_try_at: at }) => at).filter((at) => at !== null)
  return times.sort()[0] ?? ''
}

/** The whole answer is in `queue show`. */
function shortened(text: string): string {
  return text.length <= answerCharactersMax ? text : `${text.slice(0, answerCharactersMax - 1)}…`
}

const id = [['<id>', 'its queue id, as the client was told it']] as const

export const queueLines = (entry: QueueObject): string[] => [
  ...fields([
    ['Queue id', entry.id],
    ['From', entry.from || '<> (a notice)'],
    ['Inbox', entry.inbox ?? undefined],
    ['Made', entry.created_at],
    ['Cancelled', entry.cancelled_at ?? undefined],
    ['Settled', entry.closed_at ?? undefined],
  ]),
  '',
  ...table([
    ['TO', 'STATE', 'TRIES', 'NEXT TRY', 'LAST ANSWER'],
    ...entry.recipients.map((recipient) => [
      ...[recipient.address, recipient.state, String(recipient.attempts)],
      ...[recipient.next_try_at ?? '', answerText(recipient)],
    ]),
  ]),
]

const show = command('queue show', {
  about: 'show one submission with all its recipients and their last answers',
  parameters: id,
  run: ({ env, args: [word] }) =>
    withStore(env, async ({ store: { directory, outbox } }) =>
      queueObject(directory, await outbox.get(word as string)),
    ),
  lines: queueLines,
})

const retry = command('queue retry', {
  about: 'try what waits again at once, and what a restore has held: one submission, or everything for a domain',
  parameters: [['[id]', 'its queue id']],
  options: { allOf: one('<domain>', 'everything that waits for this domain') },
  run: ({ env, args: [word], options: { allOf } }) =>
    withStore(env, async ({ store: { directory, outbox } }) => {
      if ((word === undefined) === (allOf === undefined))
        throw new Usage('What is to be tried again?', 'Give a queue id, or --all-of <domain>.')
      if (word === undefined) {
        const of = domainIn(allOf as string)
        const recipients = await outbox.retryAllOf(of)
        await directory.appendAudit({ action: 'queue.retry', object: of, detail: { recipients }, by })
        return { of, recipients }
      }
      const entry = await outbox.get(word)
      const recipients = await outbox.retryNow(word)
      await audit(directory, { entry, action: 'queue.retry', detail: { recipients } })
      return { of: word, recipients }
    }),
  lines: ({ of, recipients }) => [
    recipients === 0
      ? `Nothing of ${of} waits.`
      : `${recipients} ${recipients === 1 ? 'recipient' : 'recipients'} of ${of} will be tried again at once, if a gateway with the role relay runs.`,
  ],
})

const cancel = command('queue cancel', {
  about: 'give up what waits of a submission; its sender is not told, and the Sent copy stays',
  parameters: id,
  run: ({ env, args: [word] }) =>
    withStore(env, async ({ store: { directory, outbox } }) => {
      const entry = await outbox.get(word as string)
      const { cancelled, inFlight } = await outbox.cancel(entry.queueId)
      await audit(directory, { entry, action: 'queue.cancel', detail: { cancelled, inFlight } })
      return { id: entry.queueId, cancelled, in_flight: inFlight }
    }),
  lines: ({ id: queueId, cancelled, in_flight: inFlight }) => [
    `${cancelled} ${cancelled === 1 ? 'recipient' : 'recipients'} of ${queueId} cancelled.`,
    ...(inFlight > 0 ? [`${inFlight} are being sent right now: what isn't delivered then is not tried again.`] : []),
  ],
})

interface Done {
  readonly entry: QueueEntry
  readonly action: string
  readonly detail: Readonly<Record<string, number>>
}

/** For the tenant whose mail it is. */
async function audit(directory: Directory, { entry, action, detail }: Done): Promise<void> {
  const { environment, queueId: object } = entry
  const tenant = environment && (await foundOrNot(directory.getEnvironment(environment)))?.tenant
  await directory.appendAudit({ action, object, tenant, detail, by })
}

export const queueCommands: readonly Command[] = [list, show, retry, cancel, queueExplain]
