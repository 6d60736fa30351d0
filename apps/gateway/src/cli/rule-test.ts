// `postern rule test`: which rules a message would meet and what would become of it. Nothing is delivered, sent or changed.

import { readFile } from 'node:fs/promises'
import { dmarcResults, readRules } from '@postern/rules'
import type { Trial } from '../rules/trial.js'
import { command } from './command.js'
import { withStore } from './existing-store.js'
import { choice, flag, one } from './options.js'
import { inboxOf } from './references.js'
import { fileText, parsed, refuseDomain } from './rule-given.js'
import { fields } from './table.js'

const options = {
  sender: one('<address>', 'of the envelope; otherwise that of Return-Path or From; `none` for a null reverse-path'),
  recipient: one('<address>', 'of the envelope; otherwise the address of the inbox'),
  spam: flag('as if it had been judged as spam'),
  dmarc: choice(dmarcResults, 'as if DMARC had said so; `pass` if nothing is said'),
  rules: one('<file>', 'these rules, as `rule import` takes them, in the place of the ones that are there'),
} as const

export const ruleTest = command('rule test', {
  about: 'say which rules a message would meet, and what would become of it',
  parameters: [
    ['<inbox>', 'its address or id'],
    ['<file>', 'the message, as a mail program saves it (.eml)'],
  ],
  options,
  run: (asked) =>
    withStore(asked.env, async (open): Promise<Trial> => {
      // Only here: every other command would load the planner, too.
      const { tryRules } = await import('../rules/trial.js')
      const { directory } = open.store
      const inbox = await inboxOf(directory, asked.args[0] as string)
      refuseDomain(await directory.getDomain(inbox.domain))
      const { rules: file, ...envelope } = asked.options
      return tryRules(await readFile(asked.args[1] as string), {
        ...{ open, inbox, envelope },
        given: file === undefined ? undefined : parsed(await fileText(file, asked), readRules),
      })
    }),
  lines,
})

function lines({ met, mailboxes, flags, forwarded, posted, answered, not_forwarded: kept }: Trial): string[] {
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
