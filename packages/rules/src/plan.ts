// What the rules of an inbox make of a message: they're asked in their order, and what those say that it's for is done together. The message
// stays where it would be without rules unless one files it, discards it, or forwards it without a copy. Pure: the same rules and facts
// are always the same plan.
//
// What was judged as spam meets only rules that ask about `spam`, and is never forwarded: a rule by Subject shall not bring spam into a
// mailbox that is trusted, nor send it on in this server's name.

import { type Facts, Header } from './facts.js'
import { limits } from './limits.js'
import { meets } from './matching.js'
import { mayBeAnswered } from './may-be-answered.js'
import type { Action, Condition, Into, Rule, SystemFlag } from './rule.js'

export type WithheldWhy = 'spam' | 'circle' | 'itself' | 'too many' | 'too far'

/** A forward that isn't made; the message is kept. */
export interface Withheld {
  readonly to: string
  readonly why: WithheldWhy
}

export interface Plan<R extends Rule = Rule> {
  /** Those that the message met. */
  readonly met: readonly R[]
  /** Where a rule has put it, each once. */
  readonly filed: readonly Into[]
  /** Whether it is also where it would be without rules. */
  readonly kept: boolean
  /** Whether it's also there because of a forward that isn't made: where it's filed, a forward that leaves a copy asks for no second one. */
  readonly keptUnsent: boolean
  /** For all places. */
  readonly system: readonly SystemFlag[]
  readonly keywords: readonly string[]
  readonly forwards: readonly string[]
  readonly withheld: readonly Withheld[]
  /** Rules with a sink. */
  readonly sinks: readonly R[]
  /** The first rule with a reply, where the message may have one. */
  readonly reply: R | undefined
}

export function planOf<R extends Rule>(rules: readonly R[], facts: Facts): Plan<R> {
  const asked = { facts, header: new Header(facts.header) }
  const met: R[] = []
  for (const rule of rules) {
    if (!rule.enabled || !isFor(rule, facts)) continue
    if (rule.condition !== undefined && !meets(rule.condition, asked)) continue
    met.push(rule)
    if (rule.stop) break
  }
  return together(met, asked)
}

const isFor = ({ condition }: Rule, { spam }: Facts): boolean =>
  !spam || (condition !== undefined && asksAboutSpam(condition))

function asksAboutSpam(condition: Condition): boolean {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.conditions.some(asksAboutSpam)
    case 'not':
      return asksAboutSpam(condition.condition)
    default:
      return condition.kind === 'spam'
  }
}

function together<R extends Rule>(
  met: readonly R[],
  { facts, header }: { readonly facts: Facts; readonly header: Header },
): Plan<R> {
  const actions = met.flatMap((rule) => rule.actions)
  const filed = distinct(of(actions, 'file').map(({ into }) => into)).slice(0, limits.mailboxesPerMessageMax)
  const wanted = of(actions, 'forward')
  const before = header.values('delivered-to')
  const { forwards, withheld } = settled([...new Set(wanted.map(({ to }) => to))], { facts, before })
  // A failure of what has no sender is told to nobody: a copy stays.
  const goesAway = wanted.some(({ copy }) => !copy) && withheld.length === 0 && facts.sender !== ''
  const keptUnsent = filed.length === 0 || wanted.some(({ copy }) => !copy)
  const isMoved = filed.length > 0 || goesAway || of(actions, 'discard').length > 0
  const flags = of(actions, 'flag')
  return {
    met,
    filed,
    kept: !isMoved || (withheld.length > 0 && keptUnsent) || of(actions, 'keep').length > 0,
    keptUnsent,
    system: [...new Set(flags.flatMap(({ system }) => system))],
    keywords: [...new Set(flags.flatMap(({ keywords }) => keywords))],
    forwards,
    withheld,
    reply: mayBeAnswered({ facts, header }) ? met.find((rule) => of(rule.actions, 'reply').length > 0) : undefined,
    sinks: met.filter((rule) => of(rule.actions, 'sink').length > 0),
  }
}

const of = <Kind extends Action['kind']>(actions: readonly Action[], kind: Kind): Extract<Action, { kind: Kind }>[] =>
  actions.filter((action): action is Extract<Action, { kind: Kind }> => action.kind === kind)

const keyOf = (into: Into): string => (into.kind === 'name' ? into.name : into.use)

const distinct = (all: readonly Into[]): Into[] => [...new Map(all.map((into) => [keyOf(into), into])).values()]

function settled(
  wanted: readonly string[],
  { facts, before }: { readonly facts: Facts; readonly before: readonly string[] },
): Pick<Plan, 'forwards' | 'withheld'> {
  const forwards: string[] = []
  const withheld: Withheld[] = []
  for (const to of wanted) {
    const why = whyNot(to, { facts, before, count: forwards.length })
    if (why === undefined) forwards.push(to)
    else withheld.push({ to, why })
  }
  return { forwards, withheld }
}

function whyNot(
  to: string,
  { facts, before, count }: { readonly facts: Facts; readonly before: readonly string[]; readonly count: number },
): WithheldWhy | undefined {
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()
  if (facts.spam) return 'spam'
  if (same(to, facts.inbox)) return 'itself'
  if (before.some((address) => same(address, facts.inbox) || same(address, to))) return 'circle'
  if (before.length > limits.deliveriesBeforeMax) return 'too far'
  return count >= limits.forwardsPerMessageMax ? 'too many' : undefined
}
