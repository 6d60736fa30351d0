// `postern domain …`: the domains whose mail is here (contract B1, B7, F2). `verify` is in domain-verify.ts.

import {
  type Directory,
  type DmarcLimit,
  type Domain,
  type DomainChanges,
  dmarcLimits,
  domainModes,
  type EnvironmentId,
  parseAddress,
} from '@postern/mailbox-store'
import { everyItem } from '../pages.js'
import { type Command, command, type Invocation } from './command.js'
import { domainDkim } from './domain-dkim.js'
import { domainSink } from './domain-sink.js'
import { domainVerify } from './domain-verify.js'
import { withStore } from './existing-store.js'
import { listing } from './listing.js'
import { type DomainObject, Objects } from './objects.js'
import { operator as by } from './operator.js'
import { choice, flag, one, onOff } from './options.js'
import { keyLine, publicKeyGiven, publicKeyOption } from './public-key.js'
import { domainOf, environmentForNew, environmentOf } from './references.js'
import { retentionDaysWith, retentionOption, retentionText } from './retention-options.js'
import { domainRoute } from './route.js'
import { sendingChangesOf, sendingFields, sendingOptions } from './sending-options.js'
import { fields } from './table.js'
import { Usage } from './usage.js'

const settings = {
  mode: choice(domainModes, 'what becomes of its mail'),
  catchAll: onOff('whether any address gets an inbox with its first message'),
  publicKey: publicKeyOption,
  dmarc: choice([...dmarcLimits, 'published'], 'how far DMARC may go with its mail; published: as the sender asks'),
} as const

type SettingChanges = {
  readonly publicKey?: string | null
  readonly dmarc?: DmarcLimit | null
}

async function changesOf({
  options: { mode, catchAll, publicKey: file, dmarc },
  stdin,
}: Pick<Invocation<typeof settings>, 'options' | 'stdin'>): Promise<
  Pick<DomainChanges, 'mode' | 'catchAll'> & { settings?: SettingChanges }
> {
  const publicKey = await publicKeyGiven({ file, stdin })
  const settings: SettingChanges = {
    ...(publicKey === undefined ? {} : { publicKey }),
    ...(dmarc === undefined ? {} : { dmarc: dmarc === 'published' ? null : dmarc }),
  }
  return { mode, catchAll, ...(Object.keys(settings).length === 0 ? {} : { settings: { ...settings } }) }
}

export const domainLines = (domain: DomainObject): string[] =>
  fields([
    ['Domain', domain.name],
    ['In letters', domain.unicode_name === domain.name ? undefined : domain.unicode_name],
    ['Id', domain.id],
    ['Environment', domain.environment],
    ['Verified', verifiedText(domain)],
    ['Mode', domain.mode],
    ['OpenPGP key', keyLine(domain.public_key)],
    ['Sink', domain.own_sink ? `see \`postern domain sink ${domain.name}\`` : undefined],
    ['Catch-all', domain.catch_all ? 'on' : 'off'],
    ['DMARC', dmarcTexts[domain.dmarc]],
    ['Other names', domain.aliases.length === 0 ? undefined : domain.aliases.join(', ')],
    ['Route', domain.own_route ? `its own: see \`postern domain route ${domain.name}\`` : undefined],
    ['Mail is kept', retentionText(domain.retention_days)],
    ...sendingFields(domain.sending),
    ['TXT record', domain.verified ? undefined : `${domain.verification.name}  ${domain.verification.value}`],
    ['Made', domain.created_at],
  ])

const dmarcTexts: Readonly<Record<DomainObject['dmarc'], string | undefined>> = {
  published: undefined,
  refuse: 'what fails it is refused where its sender asks for that',
  spam: 'what fails it goes into \\Junk at most',
  ignore: 'what fails it is taken',
}

const verifiedText = ({ verified, verified_by, verified_at }: DomainObject): string =>
  verified ? `${verified_by === 'dns' ? 'by its DNS records' : 'by the operator'}, ${verified_at}` : 'no'

const create = command('domain create', {
  about: 'add a domain',
  parameters: [['<domain>', 'its name']],
  options: {
    verified: flag('mark it verified on your word, without a look at its DNS records'),
    environment: one('<environment>', 'where it belongs: a name, tenant/name or id; without it the first one'),
    ...settings,
  },
  run: ({ env, args: [name], options, stdin }) =>
    withStore(
      env,
      async ({ store: { directory } }) => {
        const environment = (await environmentForNew(directory, options.environment)).id
        const { settings, ...switches } = await changesOf({ options, stdin })
        // A domain that is new has nothing that could be taken away.
        const given = Object.entries(settings ?? {}).filter(([, value]) => value !== null)
        const changes = { ...switches, ...(given.length === 0 ? {} : { settings: Object.fromEntries(given) }) }
        const there = options.verified ? await directory.findDomain(name as string) : undefined
        const domain =
          there !== undefined && isAsAsked(there, { environment, name: name as string, ...changes })
            ? there
            : await directory.createDomain({ environment, name: name as string, ...changes, by })
        const how = { how: 'operator', by } as const
        const isToMark = options.verified && domain.verifiedAt === undefined
        return new Objects(directory).domain(isToMark ? await directory.markDomainVerified(domain.id, how) : domain)
      },
      { mayMake: true },
    ),
  lines: (domain) => [
    ...domainLines(domain),
    ...(domain.verified ? [] : ['', `Set its records, then: postern domain verify ${domain.name}`]),
  ],
})

/**
 * With --verified the wish is a domain that works. The first start makes one, too: who asks for the same one has got it, and
 * not an error.
 */
const isAsAsked = (
  there: Domain,
  { environment, name, mode, catchAll, settings: more }: { environment: EnvironmentId; name: string } & DomainChanges,
): boolean =>
  there.environment === environment &&
  parseAddress(`postmaster@${name}`).domain === there.name &&
  (mode ?? there.mode) === there.mode &&
  (catchAll ?? there.catchAll) === there.catchAll &&
  more === undefined

const list = listing('domain list', {
  about: 'list domains',
  options: { environment: one('<environment>', 'only of this environment') },
  async page({ store: { directory } }, options) {
    const objects = new Objects(directory)
    const only = options.environment
    const filter = only === undefined ? {} : { environment: (await environmentOf(directory, only)).id }
    return async (page) => {
      const { items, next } = await directory.listDomains({ ...filter, ...page })
      return { items: await Promise.all(items.map((domain) => objects.domain(domain))), next }
    }
  },
  columns: [
    ['DOMAIN', ({ name }) => name],
    ['ID', ({ id }) => id],
    ['VERIFIED', ({ verified, verified_by }) => (verified ? `by ${verified_by}` : 'no')],
    ['MODE', ({ mode }) => mode],
    ['CATCH-ALL', ({ catch_all }) => (catch_all ? 'on' : 'off')],
  ],
})

const domain = [['<domain>', 'its name or id']] as const

const show = command('domain show', {
  about: 'show a domain',
  parameters: domain,
  run: ({ env, args: [word] }) =>
    withStore(env, async ({ store: { directory } }) =>
      new Objects(directory).domain(await domainOf(directory, word as string)),
    ),
  lines: domainLines,
})

const update = command('domain update', {
  about: 'change what a domain does with mail, and what may be sent from it',
  parameters: domain,
  options: { ...settings, retention: retentionOption, ...sendingOptions },
  run: ({ env, args: [word], options, stdin }) =>
    withStore(env, async ({ store: { directory } }) => {
      if (Object.values(options).every((each) => each === undefined))
        throw new Usage('Nothing is to be changed.', 'See `postern domain update --help`.')
      const found = await domainOf(directory, word as string)
      const { settings: asked = {}, ...switches } = await changesOf({ options, stdin })
      const kept = options.retention && { retentionDays: retentionDaysWith(options.retention, found) }
      const changes = { ...switches, settings: { ...asked, ...kept }, sending: sendingChangesOf(options), by }
      return new Objects(directory).domain(await directory.updateDomain(found.id, changes))
    }),
  lines: domainLines,
})

const aliasParameters = [...domain, ['<name>', 'the other name']] as const

const alias = command('domain alias', {
  about: 'let another domain name lead to the same addresses',
  parameters: aliasParameters,
  run: ({ env, args: [word, name] }) =>
    withStore(env, async ({ store: { directory } }) => {
      const { id } = await domainOf(directory, word as string)
      return new Objects(directory).domain(await directory.addDomainAlias(id, { name: name as string, by }))
    }),
  lines: domainLines,
})

const unalias = command('domain unalias', {
  about: 'take another name away from a domain',
  parameters: aliasParameters,
  run: ({ env, args: [word, name] }) =>
    withStore(env, async ({ store: { directory } }) => {
      const { id } = await domainOf(directory, word as string)
      return new Objects(directory).domain(await directory.removeDomainAlias(id, { name: name as string, by }))
    }),
  lines: domainLines,
})

const remove = command('domain delete', {
  about: 'delete a domain; its inboxes and their mail only when told so',
  parameters: domain,
  options: {
    yes: flag('delete it'),
    withInboxes: flag('delete its inboxes too, with all their mail'),
  },
  run: ({ env, args: [word], options: { yes, withInboxes } }) =>
    withStore(env, async ({ store: { directory } }) => {
      const { id, name, publicId } = await domainOf(directory, word as string)
      const inboxes = await inboxesOf(directory, id)
      if (inboxes.length > 0 && !(yes && withInboxes))
        throw new Usage(
          `${name} has ${inboxes.length} inboxes: deleting it destroys all their mail for good.`,
          'Take a backup, then add --with-inboxes --yes if you mean it.',
        )
      if (!yes) throw new Usage(`Deleting ${name} deletes its settings for good.`, 'Add --yes if you mean it.')
      for (const inbox of inboxes) await directory.deleteInbox(inbox, { by })
      await directory.deleteDomain(id, { by })
      return { id: publicId, name, inboxes: inboxes.length, deleted: true }
    }),
  lines: ({ name, inboxes }) => [`${name} is gone${inboxes > 0 ? `, with ${inboxes} inboxes and their mail` : ''}.`],
})

async function inboxesOf(directory: Directory, domain: Domain['id']) {
  const ids = []
  for await (const { id } of everyItem((page) => directory.listInboxes({ domain, ...page }))) ids.push(id)
  return ids
}

export const domainCommands: readonly Command[] = [
  create,
  list,
  show,
  update,
  domainVerify,
  domainRoute,
  domainDkim,
  domainSink,
  alias,
  unalias,
  remove,
]
