// `postern rule …`: what an inbox does with its mail by itself. A rule is named by its id, its name or its place in the list, and given as JSON,
// in the command's words, a file or on standard input.

import type { Directory, Domain, Inbox, InboxRule } from '@postern/mailbox-store'
import { type Rule, readRule } from '@postern/rules'
import { sinkUrlOf } from '../rules/rule-sink.js'
import { storedRule } from '../rules/stored-rules.js'
import { type Command, command, type Invocation } from './command.js'
import { type OpenStore, withStore } from './existing-store.js'
import { operator as by } from './operator.js'
import { flag, one, onOff } from './options.js'
import { atLeastOne } from './quantities.js'
import { inboxOf } from './references.js'
import { ruleExport, ruleImport } from './rule-exchange.js'
import {
  bodyOf,
  checkMailboxes,
  fileText,
  madeRule,
  newSecret,
  parsed,
  refuseDomain,
  warningsOf,
} from './rule-given.js'
import { type RuleObject, type RuleShown, ruleLines, ruleObject, stateOf } from './rule-objects.js'
import { ruleTest } from './rule-test.js'
import { sealedOf, sendingLookupsOf } from './sealing.js'
import { table } from './table.js'
import { Usage } from './usage.js'

const ofInbox = ['<inbox>', 'its address or id'] as const
const ofRule = ['<rule>', 'its id, its name or its place'] as const

const given = {
  rule: one(
    '<json>',
    'the rule, such as {"name": "Bills", "if": {"subject": {"contains": "invoice"}}, "do": [{"file": "Bills"}]}; docs/operations.md has all of it under "Rules"',
  ),
  file: one('<file>', 'where the rule is; `-` is standard input'),
} as const

interface Told {
  readonly shown: RuleShown
  readonly warnings: readonly string[]
}

const toldLines = ({ shown, warnings }: Told): string[] => [
  ...ruleLines(shown),
  ...warnings.flatMap((warning) => ['', `Note: ${warning}`]),
]
const toldJson = ({ shown, warnings }: Told): unknown => ({ ...shown, warnings })

interface Place {
  readonly directory: Directory
  readonly inbox: Inbox
  readonly domain: Domain
}

async function placeOf({ store: { directory } }: OpenStore, word: string): Promise<Place> {
  const inbox = await inboxOf(directory, word)
  return { directory, inbox, domain: await directory.getDomain(inbox.domain) }
}

async function ruleOf({ directory, inbox }: Place, word: string): Promise<InboxRule> {
  const rules = await directory.listRules(inbox.id)
  const found = rules.filter(({ publicId, name, position }) => [publicId, name, String(position)].includes(word))
  const [rule, other] = found
  if (rule === undefined)
    throw new Usage(`${inbox.address} has no rule ${word}.`, `See \`postern rule list ${inbox.address}\`.`)
  if (other !== undefined) throw new Usage(`${found.length} rules are meant by ${word}.`, 'Name the one by its id.')
  return rule
}

async function givenRule(asked: Invocation<typeof given>): Promise<Rule | undefined> {
  const { rule, file } = asked.options
  if (rule !== undefined && file !== undefined)
    throw new Usage('The rule is given twice.', 'Leave out --rule or --file.')
  const json = rule ?? (file === undefined ? undefined : await fileText(file, asked))
  return json === undefined ? undefined : parsed(json, readRule)
}

const add = command('rule add', {
  about: 'add a rule behind the others',
  parameters: [ofInbox],
  options: { ...given, at: one('<place>', 'not behind the others but at this place, from 1', atLeastOne) },
  run: (asked) =>
    withStore(asked.env, async (open): Promise<Told> => {
      const place = await placeOf(open, asked.args[0] as string)
      refuseDomain(place.domain)
      const rule = await givenRule(asked)
      if (rule === undefined) throw new Usage('There is no rule to add.', 'Give it: --rule <json>, or --file <file>.')
      const { shownSecret, ...made } = madeRule(rule, await sealedOf(open))
      const options = { rules: [made], at: asked.options.at, by }
      const [stored] = await place.directory.addRules(place.inbox.id, options)
      const shown = ruleObject(stored as InboxRule, place.inbox)
      return {
        shown: shownSecret === undefined ? shown : { ...shown, secret: shownSecret },
        warnings: await warningsOf([rule], { ...place, lookups: await sendingLookupsOf(open) }),
      }
    }),
  lines: toldLines,
  json: toldJson,
})

const list = command('rule list', {
  about: 'list the rules of an inbox, in the order in which they are asked',
  parameters: [ofInbox],
  run: ({ env, args: [word] }) =>
    withStore(env, async (open): Promise<readonly RuleObject[]> => {
      const { directory, inbox } = await placeOf(open, word as string)
      return (await directory.listRules(inbox.id)).map((stored) => ruleObject(stored, inbox))
    }),
  lines: (rules) =>
    rules.length === 0
      ? ['No rules: all of its mail goes to INBOX, and what was judged as spam to the folder for it.']
      : table([
          ['PLACE', 'NAME', 'ID', 'STATE', 'CHANGED'],
          ...rules.map((rule) => [String(rule.place), rule.name, rule.id, stateOf(rule), rule.updated_at]),
        ]),
  json: (rules) => ({ data: rules }),
})

const show = command('rule show', {
  about: 'show a rule',
  parameters: [ofInbox, ofRule],
  run: ({ env, args: [word, rule] }) =>
    withStore(env, async (open): Promise<RuleShown> => {
      const place = await placeOf(open, word as string)
      return ruleObject(await ruleOf(place, rule as string), place.inbox)
    }),
  lines: ruleLines,
})

const updating = {
  ...given,
  name: one('<name>', 'call it so'),
  enabled: onOff('whether it is asked'),
  newSecret: flag('give its sink a new secret; the one before ends at once'),
} as const

const update = command('rule update', {
  about: 'change a rule; its place stays',
  parameters: [ofInbox, ofRule],
  options: updating,
  run: (asked) =>
    withStore(asked.env, async (open): Promise<Told> => {
      const place = await placeOf(open, asked.args[0] as string)
      refuseDomain(place.domain)
      const old = await ruleOf(place, asked.args[1] as string)
      const { name, enabled, newSecret: isNew } = asked.options
      const replaced = await givenRule(asked)
      if (replaced === undefined && name === undefined && enabled === undefined && !isNew)
        throw new Usage('Nothing is to be changed.', 'See `postern rule update --help`.')
      const rule = replaced ?? storedRule(old)
      checkMailboxes(rule)
      const hasSink = sinkUrlOf(rule) !== undefined
      if (isNew && !hasSink) throw new Usage('The rule has no sink.', 'Leave out --new-secret.')
      const fresh = hasSink && (isNew || old.secret === undefined) ? newSecret() : undefined
      const sealed = fresh && (await sealedOf(open)).sealRuleSecret(fresh, old.publicId)
      const stored = await place.directory.updateRule(old.publicId, {
        ...{ name: name ?? replaced?.name, enabled: enabled ?? replaced?.enabled, by },
        body: replaced && bodyOf(replaced),
        secret: hasSink ? sealed : null,
      })
      const shown = ruleObject(stored, place.inbox)
      return {
        shown: fresh === undefined ? shown : { ...shown, secret: fresh },
        warnings: await warningsOf([rule], { ...place, lookups: await sendingLookupsOf(open) }),
      }
    }),
  lines: toldLines,
  json: toldJson,
})

const move = command('rule move', {
  about: 'put a rule at another place',
  parameters: [ofInbox, ofRule, ['<place>', 'from 1; the others close up']],
  run: ({ env, args: [word, rule, to] }) =>
    withStore(env, async (open): Promise<RuleShown> => {
      const place = await placeOf(open, word as string)
      const { publicId } = await ruleOf(place, rule as string)
      if (!/^\d{1,9}$/.test(to as string)) throw new Usage(`${to} is no place.`, 'A place is a whole number from 1.')
      return ruleObject(await place.directory.moveRule(publicId, { to: Number(to), by }), place.inbox)
    }),
  lines: ruleLines,
})

const remove = command('rule remove', {
  about: 'remove a rule; what waits for its sink goes to INBOX where it is nowhere else',
  parameters: [ofInbox, ofRule],
  run: ({ env, args: [word, rule] }) =>
    withStore(env, async (open): Promise<RuleShown> => {
      const place = await placeOf(open, word as string)
      const stored = await ruleOf(place, rule as string)
      await place.directory.removeRule(stored.publicId, { by })
      return ruleObject(stored, place.inbox)
    }),
  lines: ({ name, inbox }) => [`Removed the rule ${name} of ${inbox}.`],
})

export const ruleCommands: readonly Command[] = [
  add,
  list,
  show,
  update,
  move,
  remove,
  ruleTest,
  ruleExport,
  ruleImport,
]
