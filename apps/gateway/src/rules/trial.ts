// A message on trial: which rules of an inbox it would meet and what would become of it, asked of the very planner that receiving asks.

import type { Inbox } from '@postern/mailbox-store'
import { addressList } from '@postern/message'
import type { DmarcResult, Rule } from '@postern/rules'
import { arrivedHeader, rawValue } from '@postern/smtp'
import { createLogger } from '@postern/telemetry'
import type { OpenStore } from '../cli/existing-store.js'
import { sendingLookupsOf } from '../cli/sealing.js'
import { type InboxPlan, inboxPlan } from './inbox-plan.js'
import { mailboxNames } from './planned-mail.js'
import { type StoredRule, StoredRules } from './stored-rules.js'

export interface Trial {
  readonly inbox: string
  readonly met: readonly { readonly id: string | null; readonly name: string }[]
  readonly mailboxes: readonly string[]
  readonly flags: readonly string[]
  readonly forwarded: readonly string[]
  readonly posted: number
  /** Unless they had an answer of the rule lately. */
  readonly answered: string | null
  readonly not_forwarded: readonly { readonly to: string; readonly why: string }[]
}

export interface TrialOptions {
  readonly open: OpenStore
  readonly inbox: Inbox
  readonly envelope: {
    /** `none` for a null reverse-path. */
    readonly sender?: string | undefined
    readonly recipient?: string | undefined
    readonly spam: boolean
    readonly dmarc?: DmarcResult | undefined
  }
  /** In the place of those that the inbox has. */
  readonly given: readonly Rule[] | undefined
}

export async function tryRules(message: Buffer, { open, inbox, envelope, given }: TrialOptions): Promise<Trial> {
  const header = headerOf(message)
  const { sender = senderOf(header), recipient = inbox.address, spam, dmarc = 'pass' } = envelope
  const facts = {
    ...{ header, sizeBytes: message.length, recipient, spam, dmarc },
    sender: sender === 'none' ? '' : sender,
  }
  return told(inbox, (await planned(open, { inbox, facts, given })) ?? withoutRules(inbox, spam))
}

function headerOf(message: Buffer): Buffer {
  const crlf = message.indexOf('\r\n\r\n')
  const lf = message.indexOf('\n\n')
  const end = (at: number, length: number): number => (at < 0 ? message.length : at + length)
  return message.subarray(0, Math.min(end(crlf, 4), end(lf, 2)))
}

async function planned(
  open: OpenStore,
  {
    inbox,
    facts,
    given,
  }: Pick<Parameters<typeof inboxPlan>[0], 'inbox' | 'facts'> & {
    readonly given: readonly Rule[] | undefined
  },
): Promise<InboxPlan | undefined> {
  const logger = createLogger({ level: 'fatal', secrets: [] })
  const stored = given?.map((rule): StoredRule => ({ ...rule, publicId: '', secret: undefined }))
  const rules = stored === undefined ? new StoredRules(open.store.directory, logger) : { of: async () => stored }
  const lookups = await sendingLookupsOf(open)
  return inboxPlan(
    { inbox, facts, foreign: true },
    { rules, lookups, logger, hostname: open.config.hostname, clock: Date.now },
  )
}

function senderOf(header: Buffer): string {
  const read = arrivedHeader(header)
  const value = (name: string): string | undefined => {
    const field = read.fields.find((each) => each.name === name)
    return field && rawValue(read, field)
  }
  const [address] = addressList(value('return-path') ?? value('from') ?? '', 1)
  return address?.mailbox === undefined ? '' : `${address.mailbox}@${address.host ?? ''}`
}

const flagNames = ['\\Seen', '\\Answered', '\\Flagged']

const withoutRules = (inbox: Inbox, spam: boolean): InboxPlan => ({
  places: [{ account: inbox.id, mailbox: spam ? '\\Junk' : undefined }],
  ...{ met: [], sendings: [], notForwarded: [] },
})

function told({ address }: Inbox, { met, places, sendings, notForwarded }: InboxPlan): Trial {
  const { system, keywords } = places[0]?.flags ?? { system: 0, keywords: [] }
  return {
    inbox: address,
    met: met.map(({ publicId, name }) => ({ id: publicId === '' ? null : publicId, name })),
    mailboxes: mailboxNames(places),
    flags: [...flagNames.filter((_, bit) => (system & (1 << bit)) !== 0), ...keywords],
    forwarded: sendings.flatMap(({ sink, reply, recipients }) =>
      sink === undefined && reply === undefined ? recipients : [],
    ),
    answered: sendings.find(({ reply }) => reply !== undefined)?.recipients[0] ?? null,
    posted: sendings.filter(({ sink }) => sink !== undefined).length,
    not_forwarded: notForwarded,
  }
}
