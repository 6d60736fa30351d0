// `postern rule test`: which rules a message would meet and what would become of it, asked of the very planner that receiving asks. Nothing is
// delivered, sent or changed.

import { readFile } from 'node:fs/promises'
import type { Inbox } from '@postern/mailbox-store'
import { addressList } from '@postern/message'
import { dmarcResults, readRules } from '@postern/rules'
import { arrivedHeader, rawValue } from '@postern/smtp'
import { createLogger } from '@postern/telemetry'
import { type InboxPlan, inboxPlan } from '../rules/inbox-plan.js'
import { mailboxNames } from '../rules/planned-mail.js'
import { type StoredRule, StoredRules } from '../rules/stored-rules.js'
import { command } from './command.js'
import { type OpenStore, withStore } from './existing-store.js'
import { choice, flag, one } from './options.js'
import { inboxOf } from './references.js'
import { fileText, parsed, refuseDomain } from './rule-given.js'
import { sendingLookupsOf } from './sealing.js'
import { fields } from './table.js'

const options = {
  sender: one('<address>', 'of the envelope; otherwise that of Return-Path or From; `none` for a null reverse-path'),
  recipient: one('<address>', 'of the envelope; otherwise the address of the inbox'),
  spam: flag('as if it had been judged as spam'),
  dmarc: choice(dmarcResults, 'as if DMARC had said so; `pass` if nothing is said'),
  rules: one('<file>', 'these rules, as `rule import` takes them, in the place of the ones that are there'),
} as const

interface Tested {
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

export const ruleTest = command('rule test', {
  about: 'say which rules a message would meet, and what would become of it',
  parameters: [
    ['<inbox>', 'its address or id'],
    ['<file>', 'the message, as a mail program saves it (.eml)'],
  ],
  options,
  run: (asked) =>
    withStore(asked.env, async (open): Promise<Tested> => {
      const { directory } = open.store
      const inbox = await inboxOf(directory, asked.args[0] as string)
      refuseDomain(await directory.getDomain(inbox.domain))
      const message = await readFile(asked.args[1] as string)
      const end = message.indexOf('\r\n\r\n')
      const lf = message.indexOf('\n\n')
      const header = message.subarray(0, Math.min(end < 0 ? message.length : end + 4, lf < 0 ? message.length : lf + 2))
      const { sender, recipient = inbox.address, spam, dmarc = 'pass', rules: file } = asked.options
      const given = file === undefined ? undefined : parsed(await fileText(file, asked), readRules)
      const facts = {
        ...{ header, sizeBytes: message.length, recipient, spam, dmarc },
        sender: sender === undefined ? senderOf(header) : sender === 'none' ? '' : sender,
      }
      return tested(inbox, (await planned(open, { inbox, facts, given })) ?? withoutRules(inbox, spam))
    }),
  lines,
})

async function planned(
  open: OpenStore,
  {
    inbox,
    facts,
    given,
  }: Pick<Parameters<typeof inboxPlan>[0], 'inbox' | 'facts'> & {
    readonly given: ReturnType<typeof readRules> | undefined
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

function tested({ address }: Inbox, { met, places, sendings, notForwarded }: InboxPlan): Tested {
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

function lines({ met, mailboxes, flags, forwarded, posted, answered, not_forwarded: kept }: Tested): string[] {
  return [
    ...(met.length === 0
      ? ['No rule is for this message.']
      : met.map(({ name, id }) => `Met: ${name} (${id ?? 'given'})`)),
    '',
    ...fields([
      ['Filed in', mailboxes.length === 0 ? 'nothing' : mailboxes.join(', ')],
      ['Flags', flags.length === 0 ? undefined : flags.join(' ')],
      ['Forwarded to', forwarded.length === 0 ? undefined : forwarded.join(', ')],
      ['Answered', answered === null ? undefined : `${answered}, unless they had it lately`],
      ['Posted to', posted === 0 ? undefined : `${posted} sink${posted === 1 ? '' : 's'}`],
      ...kept.map(({ to, why }) => ['Not forwarded', `to ${to}: ${why}; the message is kept`] as const),
    ]),
  ]
}
