// `postern credential …`: API keys and app passwords (contract B2–B6). A secret is printed by the command that makes it, to
// standard output, once.

import {
  type Credential,
  type CredentialKind,
  type Directory,
  type Domain,
  type EnvironmentId,
  type Inbox,
  scopes,
} from '@postern/mailbox-store'
import { type Command, command } from './command.js'
import { withStore } from './existing-store.js'
import { listing } from './listing.js'
import { mint } from './minting.js'
import { type CredentialObject, Objects } from './objects.js'
import { operator as by } from './operator.js'
import { flag, many, one, oneOf, onOff } from './options.js'
import { future, span } from './quantities.js'
import { credentialOf, domainOf, environmentOf, inboxOf } from './references.js'
import { sendingChangesOf, sendingFields, sendingOptions } from './sending-options.js'
import { fields } from './table.js'
import { Usage } from './usage.js'

const now = Date.now

const expiry = (text: string): number | null => (text === 'never' ? null : future(now)(text))

const settings = {
  label: one('<label>', 'what it is for, or where it is used'),
  scopes: many('<scopes>', `what it opens: ${scopes.join(', ')}`, oneOf(scopes)),
  grant: many(
    '<pattern>',
    "which addresses: one, 'support-*@example.com', '*@example.com', or '*' for the environment",
  ),
  expires: one('<when>', 'when it ends: a span such as 90d, a date, or `never`', expiry),
  network: many('<network>', 'where it may be used from, such as 192.0.2.0/24; without it anywhere'),
  anyUsername: onOff('whether any user name opens its inbox'),
  quietReadOnly: onOff('whether what imap:read may not do is answered OK without effect'),
} as const

const credential = [['<credential>', 'its id, or a label that only one has']] as const

const statusText = (one: CredentialObject): string => {
  if (one.revoked_at !== null) return `revoked ${one.revoked_at}`
  if (one.disabled) return 'disabled'
  if (one.expires_at === null) return 'works'
  return Date.parse(one.expires_at) <= now() ? `ended ${one.expires_at}` : `works until ${one.expires_at}`
}

const usedText = ({ last_used }: CredentialObject): string =>
  last_used === null ? 'never' : `${last_used.at} ${last_used.protocol} from ${last_used.network}`

export const credentialLines = (one: CredentialObject): string[] =>
  fields([
    ['Credential', one.label],
    ['Id', one.id],
    ['Kind', one.kind === 'api_key' ? 'API key' : 'app password'],
    ['Opens', one.scopes.join(', ')],
    ['For', one.grants.join(', ')],
    ['Inbox', one.inbox ?? undefined],
    ['Environment', one.environment],
    ['From', one.networks.length === 0 ? undefined : one.networks.join(', ')],
    ['Any user name', one.any_username ? 'yes' : undefined],
    ['Read only', one.quiet_read_only ? 'without refusals' : undefined],
    ...sendingFields(one.sending),
    ['State', statusText(one)],
    ['Last used', usedText(one)],
    ['Secrets', one.secrets.map((each) => `${each.public_part}${endText(each.expires_at)}`).join(', ')],
    ['Made', one.created_at],
  ])

const endText = (at: string | null): string => (at === null ? '' : ` (until ${at})`)

type Shown = CredentialObject & { readonly secret: string }

const shownLines = ({ secret, ...made }: Shown): string[] => [
  ...credentialLines(made),
  '',
  `Secret  ${secret}  (shown this once)`,
]

const create = command('credential create', {
  about: 'make an API key or an app password, whose secret is shown this once',
  options: {
    ...settings,
    ...sendingOptions,
    inbox: one('<address>', 'the inbox that it belongs to and ends with; it is then an app password, for that address'),
    kind: one('<key|app>', 'API key or app password', oneOf(['key', 'app'])),
    environment: one('<environment>', 'where it holds; without it that of its inbox or of the domain it is for'),
  },
  run: ({ env, options }) =>
    withStore(env, async (open) => {
      const { directory } = open.store
      const { label, grant: grants } = options
      if (label === undefined) throw new Usage('A credential has a label.', 'Add --label <label>.')
      if (options.scopes === undefined)
        throw new Usage('A credential has scopes.', `Add --scopes: ${scopes.join(', ')}.`)
      const inbox = options.inbox === undefined ? undefined : await inboxOf(directory, options.inbox)
      if (inbox === undefined && grants === undefined)
        throw new Usage('A credential is for some addresses.', "Add --inbox <address>, or --grant '*@example.com'.")
      const kind: CredentialKind = options.kind ?? (inbox === undefined ? 'key' : 'app')
      const environment = await environmentFor(directory, { word: options.environment, inbox, grants })
      await refuseStrangers(directory, { grants, environment })
      const { secret, publicPart, hash } = await mint(open, kind)
      const made = await directory.createCredential({
        ...{ kind, environment, inbox: inbox?.id, label, scopes: options.scopes, grants },
        networks: options.network,
        anyUsername: options.anyUsername,
        quietReadOnly: options.quietReadOnly,
        expiresAt: options.expires ?? undefined,
        sending: sendingChangesOf(options),
        secret: { publicPart, hash },
        by,
      })
      const { id, ...rest } = await new Objects(directory).credential(made)
      return { id, secret, ...rest }
    }),
  lines: shownLines,
})

/** The one that is named; or where its inbox is, or the first domain that it's for; or the first of all. */
async function environmentFor(
  directory: Directory,
  { word, inbox, grants }: { word: string | undefined; inbox: Inbox | undefined; grants: Grants },
): Promise<EnvironmentId> {
  if (word !== undefined) return (await environmentOf(directory, word)).id
  if (inbox !== undefined) return inbox.environment
  const [first] = await domainsOf(directory, grants)
  return first === undefined ? (await environmentOf(directory, undefined)).id : first.environment
}

type Grants = readonly string[] | undefined

function domainsOf(directory: Directory, grants: Grants = []): Promise<Domain[]> {
  const names = grants.filter((grant) => grant.includes('@')).map((grant) => grant.slice(grant.lastIndexOf('@') + 1))
  return Promise.all([...new Set(names)].map((name) => domainOf(directory, name)))
}

/** A pattern for a domain that isn't here, or is elsewhere, would open nothing: it's a slip. */
async function refuseStrangers(
  directory: Directory,
  { grants, environment }: { grants: Grants; environment: EnvironmentId },
): Promise<void> {
  const stranger = (await domainsOf(directory, grants)).find((domain) => domain.environment !== environment)
  if (stranger === undefined) return
  throw new Usage(
    `${stranger.name} is in another environment than the credential.`,
    'A credential opens addresses of its own environment only: make one for each.',
  )
}

const list = listing('credential list', {
  about: 'list credentials, without those that are revoked',
  options: {
    inbox: one('<address>', 'only of this inbox'),
    environment: one('<environment>', 'only of this environment'),
    revoked: flag('those that are revoked'),
  },
  async page({ store: { directory } }, options) {
    const objects = new Objects(directory)
    const filter = {
      revoked: options.revoked,
      ...(options.inbox === undefined ? {} : { inbox: (await inboxOf(directory, options.inbox)).id }),
      ...(options.environment === undefined
        ? {}
        : { environment: (await environmentOf(directory, options.environment)).id }),
    }
    return async (page) => {
      const { items, next } = await directory.listCredentials({ ...filter, ...page })
      return { items: await Promise.all(items.map((one) => objects.credential(one))), next }
    }
  },
  columns: [
    ['LABEL', ({ label }) => label],
    ['ID', ({ id }) => id],
    ['KIND', ({ kind }) => kind],
    ['SCOPES', (one) => one.scopes.join(',')],
    ['FOR', ({ grants }) => grants.join(',')],
    ['STATE', statusText],
    ['LAST USED', usedText],
  ],
})

type Change = (directory: Directory, credential: Credential) => Promise<Credential>

/** A command that changes one credential and shows it. */
const changing = (name: string, about: string, change: Change): Command =>
  command(name, {
    about,
    parameters: credential,
    run: ({ env, args: [word] }) =>
      withStore(env, async ({ store: { directory } }) =>
        new Objects(directory).credential(await change(directory, await credentialOf(directory, word as string))),
      ),
    lines: credentialLines,
  })

const update = command('credential update', {
  about: 'change what it opens, from where, how long, and what may be sent with it',
  parameters: credential,
  options: { ...settings, ...sendingOptions },
  run: ({ env, args: [word], options }) =>
    withStore(env, async ({ store: { directory } }) => {
      const { label, scopes, expires, grant: grants, network: networks, anyUsername, quietReadOnly } = options
      const sending = sendingChangesOf(options)
      const asked = { label, scopes, grants, networks, anyUsername, quietReadOnly, expiresAt: expires, sending }
      const changes = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined))
      if (Object.keys(changes).length === 0)
        throw new Usage('Nothing is to be changed.', 'See `postern credential update --help`.')
      const { id, environment } = await credentialOf(directory, word as string)
      await refuseStrangers(directory, { grants, environment })
      return new Objects(directory).credential(await directory.updateCredential(id, { ...changes, by }))
    }),
  lines: credentialLines,
})

const rotate = command('credential rotate', {
  about: 'give it a new secret, shown this once; the old one ends at once, or after --overlap',
  parameters: credential,
  options: { overlap: one('<span>', 'how long the old secret goes on, such as 24h', span) },
  run: ({ env, args: [word], options: { overlap: overlapMs = 0 } }) =>
    withStore(env, async (open) => {
      const { directory } = open.store
      const old = await credentialOf(directory, word as string)
      const { secret, publicPart, hash } = await mint(open, old.kind)
      const made = await directory.addSecret(old.id, { secret: { publicPart, hash }, overlapMs, by })
      const { id, ...rest } = await new Objects(directory).credential(made)
      return { id, secret, ...rest }
    }),
  lines: shownLines,
})

const remove = command('credential delete', {
  about: 'forget it; one that is only revoked stays on record, so that a refused login can name its cause',
  parameters: credential,
  run: ({ env, args: [word] }) =>
    withStore(env, async ({ store: { directory } }) => {
      const { id, publicId, label } = await credentialOf(directory, word as string)
      await directory.deleteCredential(id, { by })
      return { id: publicId, label, deleted: true }
    }),
  lines: ({ label }) => [`${label} is gone.`],
})

export const credentialCommands: readonly Command[] = [
  create,
  list,
  changing('credential show', 'show a credential, without its secret', async (_, one) => one),
  update,
  rotate,
  changing('credential disable', 'let it open nothing until it is enabled', (directory, { id }) =>
    directory.updateCredential(id, { disabled: true, by }),
  ),
  changing('credential enable', 'let it open again what it did', (directory, { id }) =>
    directory.updateCredential(id, { disabled: false, by }),
  ),
  changing('credential revoke', 'end it for good, and the sessions it has opened; others go on', (directory, { id }) =>
    directory.revokeCredential(id, { by }),
  ),
  remove,
]
