// `postern queue explain`: which way a recipient's mail takes and why (contract E2), for an address that somebody might write
// to, or for everything that a submission still has to send. Nothing is sent, and no host but the name server is asked.

import type { Directory, QueueEntry } from '@postern/mailbox-store'
import { createLookup } from '../dns/lookup.js'
import { dns } from '../limits.js'
import { runningGateways } from '../running.js'
import { type Explaining, type Explanation, explain, explainPost } from '../sending/explanation.js'
import type { Sender } from '../sending/sending-lookups.js'
import { command } from './command.js'
import { type OpenStore, withStore } from './existing-store.js'
import { one } from './options.js'
import { answerText, isOpen, type QueueObject, queueObject, type RecipientObject } from './queue-objects.js'
import { becauseText } from './route.js'
import { sendingLookupsOf } from './sealing.js'
import { fields } from './table.js'
import { Usage } from './usage.js'

type Recipient = Explanation & {
  /** Of a submission: where it stands. */
  readonly state: RecipientObject['state'] | null
  readonly next_try_at: string | null
  readonly last_answer: RecipientObject['last_answer']
}

interface Explained {
  readonly id: string | null
  readonly from: string | null
  readonly relay_runs: boolean
  readonly recipients: readonly Recipient[]
}

export const queueExplain = command('queue explain', {
  about: 'say which way mail to an address takes and why, or what becomes next of a submission',
  parameters: [['<address|id>', 'a recipient, or a queue id']],
  options: { from: one('<address>', 'the sender; without it one that has no route of its own') },
  run: ({ env, args, options: { from } }) =>
    withStore(env, async (open): Promise<Explained> => {
      const word = args[0] as string
      const lookup = createLookup({ ...dns, servers: open.config.dnsServers })
      const explaining = { lookups: await sendingLookupsOf(open), lookup }
      const gateways = await runningGateways(open.folder.running)
      const relayRuns = gateways.some(({ roles }) => roles.includes('relay'))
      if (!word.includes('@')) {
        if (from !== undefined) throw new Usage('A submission has its sender.', 'Leave --from out.')
        return { ...(await explainSubmission(open, { queueId: word, explaining })), relay_runs: relayRuns }
      }
      const sender = from === undefined ? nobody : await senderOf(open.store.directory, from)
      const explanation = await explain({ recipient: word, sender }, explaining)
      const recipients = [{ ...explanation, state: null, next_try_at: null, last_answer: null }]
      return { id: null, from: from ?? null, relay_runs: relayRuns, recipients }
    }),
  lines: ({ id, from, relay_runs: relayRuns, recipients }) => [
    ...fields([
      ['Queue id', id ?? undefined],
      ['From', from === null ? 'a sender without a route of its own' : from || '<> (a notice)'],
    ]),
    ...recipients.flatMap((recipient) => ['', ...recipientLines(recipient)]),
    ...(relayRuns || recipients.every(({ goes }) => goes !== 'leaves')
      ? []
      : ['', 'No gateway with the role relay runs on this data folder: nothing is sent now.']),
  ],
})

const nobody: Sender = { account: undefined, senderDomain: undefined }

async function senderOf(directory: Directory, address: string): Promise<Sender> {
  const at = address.lastIndexOf('@')
  if (at < 1) throw new Usage(`${address} is no address.`, 'Name a sender by an address.')
  const found = await directory.findAddress(address)
  const account = found === undefined || found.via === 'catch-all' ? undefined : found.inbox.id
  return { account, senderDomain: address.slice(at + 1) }
}

async function explainSubmission(
  { store: { directory, outbox } }: OpenStore,
  { queueId, explaining }: { queueId: string; explaining: Explaining },
): Promise<Pick<Explained, 'id' | 'from' | 'recipients'>> {
  const entry = await outbox.get(queueId)
  const object = await queueObject(directory, entry)
  const recipients: Recipient[] = []
  // One after the other: a submission has up to a thousand, mostly of few domains.
  for (const recipient of object.recipients) recipients.push(await explainOne({ entry, recipient }, explaining))
  return { id: object.id, from: object.from, recipients }
}

async function explainOne(
  { entry, recipient }: { entry: QueueEntry; recipient: QueueObject['recipients'][number] },
  explaining: Explaining,
): Promise<Recipient> {
  const { address, state, next_try_at, last_answer } = recipient
  const about = { state, next_try_at, last_answer }
  if (entry.sink !== undefined) return { ...explainPost(address, entry.sink), ...about }
  const sender = { account: entry.account, senderDomain: entry.sender.slice(entry.sender.lastIndexOf('@') + 1) }
  return { ...(await explain({ recipient: address, sender }, explaining)), ...about }
}

const recipientLines = (one: Recipient): string[] =>
  fields([
    ['To', one.recipient],
    ['State', one.state === null ? undefined : one.state],
    ['Goes', isSettled(one) ? undefined : goesText(one)],
    ['Next', isSettled(one) || one.next_hops.length === 0 ? undefined : one.next_hops.join(', then ')],
    ['Why', isSettled(one) ? undefined : one.why],
    ['When', whenText(one)],
    ['Last answer', one.last_answer === null ? undefined : answerText(one)],
    ['To do', one.goes === 'refused' && one.route !== null ? routeFix : undefined],
  ])

const isSettled = ({ state }: Recipient): boolean => state !== null && !isOpen({ state })

function goesText({ goes, route, because, refusal, state }: Recipient): string {
  if (goes === 'here') return 'to an inbox here'
  if (goes === 'refused' && state === null) return `nowhere: the client is told ${refusal}`
  if (goes === 'refused') return route === null ? 'nowhere: it will be returned' : 'nowhere: it waits for a route'
  return `out by ${route}${because === null ? '' : `, ${becauseText[because]}`}`
}

const routeFix = 'Set POSTERN_ROUTE, or `postern domain route`, or `postern inbox route`.'

function whenText({ state, next_try_at: at }: Recipient): string | undefined {
  if (state === 'sending') return 'right now'
  if (at === null) return undefined
  return Date.parse(at) <= Date.now() ? `due since ${at}` : at
}
