// `postern rule export` and `postern rule import`: all rules of an inbox as one JSON document, in the form that a rule is given in. Secrets of
// sinks aren't in it: an import makes new ones.

import type { Inbox, InboxRule } from '@postern/mailbox-store'
import { readRules, writeRules } from '@postern/rules'
import { storedRule } from '../rules/stored-rules.js'
import { command } from './command.js'
import { withStore } from './existing-store.js'
import { operator as by } from './operator.js'
import { flag } from './options.js'
import { inboxOf } from './references.js'
import { fileText, madeRule, parsed, refuseDomain, warningsOf } from './rule-given.js'
import { type RuleShown, ruleObject, stateOf } from './rule-objects.js'
import { sealedOf, sendingLookupsOf } from './sealing.js'
import { table } from './table.js'

const ofInbox = ['<inbox>', 'its address or id'] as const

export const ruleExport = command('rule export', {
  about: 'print the rules of an inbox as JSON, for `rule import`',
  parameters: [ofInbox],
  run: ({ env, args: [word] }) =>
    withStore(env, async ({ store: { directory } }) => {
      const inbox = await inboxOf(directory, word as string)
      return writeRules((await directory.listRules(inbox.id)).map(storedRule))
    }),
  lines: (rules) => JSON.stringify(rules, null, 2).split('\n'),
})

interface Imported {
  readonly data: readonly RuleShown[]
  readonly warnings: readonly string[]
}

export const ruleImport = command('rule import', {
  about: 'add all rules of a JSON document, or none of them',
  parameters: [ofInbox, ['<file>', 'what `rule export` printed, or a list of rules; `-` is standard input']],
  options: { replace: flag('in the place of the rules that are there') },
  run: (asked) =>
    withStore(asked.env, async (open): Promise<Imported> => {
      const { directory } = open.store
      const inbox = await inboxOf(directory, asked.args[0] as string)
      const domain = await directory.getDomain(inbox.domain)
      refuseDomain(domain)
      const rules = parsed(await fileText(asked.args[1] as string, asked), readRules)
      const sealed = await sealedOf(open)
      const made = rules.map((rule) => madeRule(rule, sealed))
      const stored = await directory.addRules(inbox.id, {
        ...{ rules: made.map(({ shownSecret: _, ...rule }) => rule), replacing: asked.options.replace, by },
      })
      const secrets = new Map(made.map(({ publicId, shownSecret }) => [publicId, shownSecret]))
      return {
        data: stored.map((rule) => shownWith(rule, { inbox, secret: secrets.get(rule.publicId) })),
        warnings: await warningsOf(rules, { inbox, domain, lookups: await sendingLookupsOf(open) }),
      }
    }),
  lines: ({ data, warnings }) => [
    ...table([
      ['PLACE', 'NAME', 'ID', 'STATE', 'SECRET OF ITS SINK (SHOWN THIS ONCE)'],
      ...data.map((rule) => [String(rule.place), rule.name, rule.id, stateOf(rule), rule.secret ?? '']),
    ]),
    ...warnings.flatMap((warning) => ['', `Note: ${warning}`]),
  ],
})

function shownWith(
  rule: InboxRule,
  { inbox, secret }: { readonly inbox: Inbox; readonly secret: string | undefined },
): RuleShown {
  const shown = ruleObject(rule, inbox)
  return secret === undefined ? shown : { ...shown, secret }
}
