// LIST, LSUB and XLIST. RFC 9051 §6.3.9 with RFC 5258 (LIST-EXTENDED), RFC 5819 (LIST-STATUS), RFC 6154 (SPECIAL-USE), RFC 3348
// (CHILDREN); LSUB from RFC 3501 §6.3.9. XLIST is what some clients learned before SPECIAL-USE: LIST with other words.

import {
  baseListReturns,
  baseListSelects,
  listPattern,
  listReturnOpts,
  listSelectOpts,
  mboxOrPat,
  type OptionRules,
  type Parser,
} from '@postern/imap-wire'
import { delimiter, type MailboxListing } from '@postern/mailbox-store'
import { command } from '../command.js'
import type { ListReturn, StatusItem } from '../extension.js'
import type { Session } from '../session.js'
import { parseStatusItems, writeStatus } from './status.js'

interface Wanted {
  /** With any of RFC 5258's additions: then an empty pattern is no question for the delimiter (RFC 9051 §6.3.9). */
  readonly extended: boolean
  readonly reference: string
  readonly patterns: readonly string[]
  readonly subscribedOnly: boolean
  readonly specialUseOnly: boolean
  readonly recursive: boolean
  /** RFC 3501 §6.3.9: LSUB with `%` shows, as \Noselect, the level above a subscribed name that it doesn't reach. */
  readonly parents: boolean
  readonly showSubscribed: boolean
  readonly statusItems: readonly StatusItem[]
  readonly returns: readonly ListReturn[]
}

/** A name that LIST may show: a mailbox, a level above one, or a subscription whose mailbox is gone. */
interface Shown {
  readonly name: string
  readonly mailbox: MailboxListing | undefined
  readonly subscribed: boolean
}

const selects = { ...baseListSelects, 'SPECIAL-USE': true } as const

export const list = command('LIST', {
  in: ['authenticated', 'selected'],
  parse(p, session): Wanted {
    p.sp()
    const select = listSelectOpts(p, selects)
    const reference = p.mailbox()
    p.sp()
    const isList = p.isAt('(')
    const patterns = mboxOrPat(p)
    const STATUS = (q: Parser): StatusItem[] => {
      q.sp()
      return parseStatusItems(q, session)
    }
    const { listReturns } = session.context.registry
    const others: OptionRules = Object.fromEntries(Object.keys(listReturns).map((name) => [name, true]))
    const returns = listReturnOpts(p, { ...others, ...baseListReturns, 'SPECIAL-USE': true, STATUS })
    return {
      extended: select !== undefined || isList || returns !== undefined,
      reference,
      patterns,
      subscribedOnly: select?.SUBSCRIBED === true,
      specialUseOnly: select?.['SPECIAL-USE'] === true,
      recursive: select?.RECURSIVEMATCH === true,
      parents: false,
      showSubscribed: select?.SUBSCRIBED === true || returns?.SUBSCRIBED === true,
      statusItems: returns?.STATUS ?? [],
      returns: Object.keys(returns ?? {}).flatMap((name) => listReturns[name] ?? []),
    }
  },
  async run(session, wanted) {
    if (!wanted.extended && wanted.patterns[0] === '') {
      session.out.untagged().raw('LIST (\\Noselect) "/" ""').crlf()
      return { text: 'That is the delimiter' }
    }
    const names = await allNames(session)
    for (const shown of await matching(names, wanted)) {
      const attributes = attributesOf(shown, names, wanted)
      write(session, { word: 'LIST', shown, attributes, childInfo: childInfo(shown, names, wanted) })
      // RFC 5819 §2, RFC 8440 §3: nothing more of a mailbox that is only here for what is below it.
      if (shown.mailbox === undefined || (wanted.subscribedOnly && !shown.subscribed)) continue
      for (const one of wanted.returns) one.write(shown.mailbox, session.out, session)
      if (wanted.statusItems.length > 0) writeStatus(session, shown.mailbox, wanted.statusItems)
      if (session.out.isFull) await session.out.breathe()
    }
    return { text: 'That is all' }
  },
})

export const lsub = plainList('LSUB', { subscribedOnly: true })
export const xlist = plainList('XLIST', { subscribedOnly: false })

function plainList(word: 'LSUB' | 'XLIST', { subscribedOnly }: { subscribedOnly: boolean }) {
  return command(word, {
    in: ['authenticated', 'selected'],
    parse(p) {
      p.sp()
      const reference = p.mailbox()
      p.sp()
      return { reference, patterns: [p.listMailbox()] }
    },
    async run(session, { reference, patterns }) {
      const wanted: Wanted = {
        ...{ extended: false, reference, patterns, subscribedOnly, specialUseOnly: false },
        ...{
          recursive: false,
          parents: subscribedOnly && patterns[0]?.includes('%') === true,
          showSubscribed: false,
          statusItems: [],
          returns: [],
        },
      }
      // RFC 3501 §6.3.9 knows no question for the delimiter; XLIST is LIST.
      if (patterns[0] === '' && word === 'XLIST') session.out.untagged().raw(`${word} (\\Noselect) "/" ""`).crlf()
      else {
        const names = await allNames(session)
        for (const shown of await matching(names, wanted)) {
          const attributes = attributesOf(shown, names, wanted)
          if (word === 'XLIST' && shown.name === 'INBOX') attributes.push('\\Inbox')
          const words = word === 'XLIST' ? attributes.map((one) => (one === '\\Junk' ? '\\Spam' : one)) : attributes
          write(session, { word, shown, attributes: words, childInfo: false })
        }
      }
      return { text: 'That is all' }
    },
  })
}

/** Names in the order in which they're told, and which of them have something below. */
interface Names {
  readonly shown: readonly Shown[]
  readonly aboveMailboxes: ReadonlySet<string>
  readonly aboveSubscribed: ReadonlySet<string>
}

async function allNames(session: Session): Promise<Names> {
  const subscribed = new Set(await session.account.subscriptions())
  const mailboxes = new Map((await session.account.mailboxes()).map((mailbox) => [mailbox.name, mailbox]))
  const aboveMailboxes = above(mailboxes.keys())
  const aboveSubscribed = above(subscribed)
  const names = new Set([...mailboxes.keys(), ...subscribed, ...aboveMailboxes, ...aboveSubscribed])
  const shown = [...names]
    .sort((a, b) => (a === 'INBOX' ? -1 : b === 'INBOX' ? 1 : a < b ? -1 : 1))
    .map((name): Shown => ({ name, mailbox: mailboxes.get(name), subscribed: subscribed.has(name) }))
  return { shown, aboveMailboxes, aboveSubscribed }
}

/** All levels above these. */
function above(names: Iterable<string>): Set<string> {
  const levels = new Set<string>()
  for (const name of names)
    for (let at = name.indexOf(delimiter); at >= 0; at = name.indexOf(delimiter, at + 1)) levels.add(name.slice(0, at))
  return levels
}

/** Others have their turn in between: names and patterns may be many and long. */
const namesPerTurn = 256

async function matching({ shown, aboveMailboxes, aboveSubscribed }: Names, wanted: Wanted): Promise<Shown[]> {
  const patterns = [...new Set(wanted.patterns)].map((pattern) => listPattern(wanted.reference + pattern, delimiter))
  const matched = new Set<Shown>()
  for (const [i, one] of shown.entries()) {
    if (i % namesPerTurn === namesPerTurn - 1) await new Promise(setImmediate)
    if (patterns.some((matches) => matches(one.name))) matched.add(one)
  }
  const unreached = wanted.parents
    ? above(shown.filter((one) => one.subscribed && !matched.has(one)).map(({ name }) => name))
    : undefined
  return [...matched].filter(({ name, mailbox, subscribed }) => {
    if (wanted.specialUseOnly && mailbox?.specialUse === undefined) return false
    if (!wanted.subscribedOnly) return mailbox !== undefined || aboveMailboxes.has(name)
    return subscribed || (wanted.recursive && aboveSubscribed.has(name)) || unreached?.has(name) === true
  })
}

/** RFC 5258 §3.5: something below would have been listed, if the pattern had reached it. */
const childInfo = ({ name }: Shown, { aboveSubscribed }: Names, { recursive }: Wanted): boolean =>
  recursive && aboveSubscribed.has(name)

function attributesOf({ name, mailbox, subscribed }: Shown, { aboveMailboxes }: Names, wanted: Wanted): string[] {
  const attributes: string[] = []
  if (wanted.parents && !subscribed) attributes.push('\\Noselect')
  else if (mailbox === undefined)
    attributes.push(wanted.showSubscribed || wanted.recursive ? '\\NonExistent' : '\\Noselect')
  attributes.push(aboveMailboxes.has(name) ? '\\HasChildren' : '\\HasNoChildren')
  if (mailbox?.specialUse !== undefined) attributes.push(mailbox.specialUse)
  if (wanted.showSubscribed && subscribed) attributes.push('\\Subscribed')
  return attributes
}

interface Line {
  readonly word: string
  readonly shown: Shown
  readonly attributes: readonly string[]
  readonly childInfo: boolean
}

function write({ out }: Session, { word, shown, attributes, childInfo: hasInfo }: Line): void {
  out.untagged().raw(word).raw(' (').raw(attributes.join(' ')).raw(') "/" ').mailbox(shown.name)
  if (hasInfo) out.raw(' ("CHILDINFO" ("SUBSCRIBED"))')
  out.crlf()
}
