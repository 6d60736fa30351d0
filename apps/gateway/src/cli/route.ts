// `postern domain route` and `postern inbox route` (contract E2): how the mail of a domain, or of one inbox, leaves. Shown
// without its secrets; given as a word, or where it has a password in a file or through standard input, so that it stands in no list of
// processes and in no history.

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { leadsToItself } from '@postern/config'
import type { Domain, Inbox } from '@postern/mailbox-store'
import { type ChosenRoute, chooseRoute, type Route, RouteMistake, readRoute, showRoute } from '@postern/routing'
import { leadsBack, nameOf, type RouteOwner } from '../sending/sealed-records.js'
import { type Command, command, type Invocation } from './command.js'
import { type OpenStore, withStore } from './existing-store.js'
import { operator as by } from './operator.js'
import { one } from './options.js'
import { domainOf, inboxOf } from './references.js'
import { sealedOf } from './sealing.js'
import { fields } from './table.js'
import { Usage } from './usage.js'

const options = {
  routeFile: one('<file>', 'the file that the route is in'),
} as const

const routeParameter = [
  '[route]',
  'none, direct, smtp://user:password@host:587, smtps://…, ses://…, resend://…; `default` for no route of its own; - reads it from standard input; without it the route is shown',
] as const

interface RouteShown {
  readonly id: string
  /** The domain's name or the inbox's address. */
  readonly of: string
  /** Its own; null where it has none. */
  readonly route: string | null
  readonly effective_route: string
  readonly because: ChosenRoute['because']
  /** What the route gives away. */
  readonly beware: string | null
}

const lines = ({ of, route, effective_route: effective, because, beware }: RouteShown): string[] =>
  fields([
    ['Mail of', of],
    ['Own route', route ?? 'not set'],
    [
      'In use',
      because === 'unset' ? 'none: mail to other servers is refused' : `${effective}, ${becauseText[because]}`,
    ],
    ['Beware', beware ?? undefined],
  ])

export const becauseText: Readonly<Record<ChosenRoute['because'], string>> = {
  inbox: 'the route of the inbox',
  domain: 'the route of the domain',
  setting: 'the route of POSTERN_ROUTE',
  unset: 'no route is set',
}

/** Undefined: show what there is. Null: take it away. */
async function given({
  args,
  options: { routeFile },
  stdin,
}: Invocation<typeof options>): Promise<Route | null | undefined> {
  const word = args[1]
  if (word !== undefined && routeFile !== undefined)
    throw new Usage('The route is given twice.', 'Give it as a word or by --route-file, not by both.')
  if (word === undefined && routeFile === undefined) return undefined
  const written =
    routeFile !== undefined ? await readFile(routeFile, 'utf8') : word === '-' ? await text(stdin()) : word
  if (written?.trim() === 'default') return null
  try {
    return readRoute(written ?? '')
  } catch (error) {
    if (error instanceof RouteMistake) throw new Usage(`The route ${error.wrong}.`, error.fix)
    throw error
  }
}

interface Owned {
  readonly owner: RouteOwner
  readonly inbox: Inbox | undefined
  readonly domain: Domain
  /** The same records with that route. */
  set(route: string | null): Promise<Pick<Owned, 'inbox' | 'domain'>>
}

type Find = (open: OpenStore, word: string) => Promise<Owned>

const routeCommand = (
  name: string,
  { about, parameter, find }: { about: string; parameter: string; find: Find },
): Command =>
  command(name, {
    about,
    parameters: [[parameter, 'its name or id'], routeParameter],
    options,
    run: (invocation) =>
      withStore(invocation.env, async (open): Promise<RouteShown> => {
        const route = await given(invocation)
        const found = await find(open, invocation.args[0] as string)
        if (route === undefined) return shown(open, found)
        if (route !== null && leadsToItself(route, open.config)) {
          const { message, fix } = leadsBack(found.owner)
          throw new Usage(message, fix)
        }
        const sealed = route === null ? null : (await sealedOf(open)).sealRoute(route, found.owner)
        return shown(open, { ...found, ...(await found.set(sealed)) })
      }),
    lines,
  })

async function shown(open: OpenStore, { inbox, domain }: Pick<Owned, 'inbox' | 'domain'>): Promise<RouteShown> {
  const sealed = await sealedOf(open)
  const own = { inbox: inbox && sealed.routeOf(inbox), domain: sealed.routeOf(domain) }
  const { route, because } = chooseRoute({ ...own, fallback: open.config.route })
  const itsOwn = inbox === undefined ? own.domain : own.inbox
  const owner = inbox ?? domain
  return {
    ...{ id: owner.publicId, of: nameOf(owner), route: itsOwn === undefined ? null : showRoute(itsOwn) },
    ...{ effective_route: showRoute(route), because, beware: weaknessOf(route) ?? null },
  }
}

function weaknessOf(route: Route): string | undefined {
  if (route.kind !== 'smart-host' || route.tls === 'implicit' || route.tls === 'required') return undefined
  const what = route.secret === undefined ? 'Mail goes' : 'Mail and the password go'
  return `${what} in clear${route.tls === 'none' ? '' : ' where the host, or somebody on the way, offers no TLS'}.`
}

export const domainRoute = routeCommand('domain route', {
  about: 'show or set how the mail of its inboxes leaves',
  parameter: '<domain>',
  async find({ store: { directory } }, word) {
    const domain = await domainOf(directory, word)
    const set = async (route: string | null) => ({
      inbox: undefined,
      domain: await directory.updateDomain(domain.id, { route, by }),
    })
    return { owner: domain, inbox: undefined, domain, set }
  },
})

export const inboxRoute = routeCommand('inbox route', {
  about: 'show or set how its mail leaves, where that is not as its domain has it',
  parameter: '<address>',
  async find({ store: { directory } }, word) {
    const inbox = await inboxOf(directory, word)
    const domain = await directory.getDomain(inbox.domain)
    const set = async (route: string | null) => ({
      inbox: await directory.updateInbox(inbox.id, { route, by }),
      domain,
    })
    return { owner: inbox, inbox, domain, set }
  },
})
