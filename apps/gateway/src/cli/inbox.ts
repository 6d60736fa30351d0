// `postern inbox …`: addresses and what belongs to them (contract B1, G1). One that is made here can be logged into at once,
// also on a gateway that runs.

import type { Directory, Inbox, InboxChanges } from '@postern/mailbox-store'
import type { Door, Ports } from '../running.js'
import { type ClientSettings, clientPorts, clientSettings } from './client-settings.js'
import { type Command, command } from './command.js'
import { type OpenStore, withStore } from './existing-store.js'
import { inboxHeld } from './inbox-held.js'
import { listing } from './listing.js'
import { mint } from './minting.js'
import { type InboxObject, Objects } from './objects.js'
import { operator as by } from './operator.js'
import { flag, one, onOff, type Values } from './options.js'
import { keyLine, publicKeyGiven, publicKeyOption } from './public-key.js'
import { bytesOrNone, countOrNone, sizeText, textOrNone } from './quantities.js'
import { domainOf, environmentOf, inboxOf } from './references.js'
import { inboxRoute } from './route.js'
import { sendingChangesOf, sendingFields, sendingOptions } from './sending-options.js'
import { fields } from './table.js'
import { Usage } from './usage.js'

const settings = {
  displayName: one('<name>', 'the name of whoever owns it; `none` takes it away', textOrNone),
  quota: one('<size>', 'room for mail, such as 2G; `none` for no limit', bytesOrNone),
  quotaMessages: one('<count>', 'how many messages; `none` for no limit', countOrNone),
  plusAddressing: onOff('whether name+anything arrives here too'),
} as const

const address = [['<address>', 'its address or id']] as const

export const inboxLines = (inbox: InboxObject): string[] =>
  fields([
    ['Inbox', inbox.address],
    ['Id', inbox.id],
    ['Name', inbox.display_name ?? undefined],
    ['Holds', `${inbox.used_messages} messages, ${sizeText(inbox.used_bytes)}`],
    ['Quota', inbox.quota_bytes === null ? 'none' : sizeText(inbox.quota_bytes)],
    ['Messages at most', inbox.quota_messages === null ? undefined : String(inbox.quota_messages)],
    ['Plus addressing', inbox.plus_addressing ? 'on' : 'off'],
    ['Aliases', aliasText(inbox)],
    ['Route', inbox.own_route ? `its own: see \`postern inbox route ${inbox.address}\`` : undefined],
    ...sendingFields(inbox.sending),
    ['OpenPGP key', keyLine(inbox.public_key)],
    ['Disabled', inbox.disabled ? 'yes: nobody can sign in, and mail for it is refused' : undefined],
    [
      'Legal hold',
      inbox.legal_hold ? `yes: what is removed is kept, see \`postern inbox held ${inbox.address}\`` : undefined,
    ],
    ['Made', inbox.created_at],
  ])

const aliasText = ({ aliases }: InboxObject): string | undefined =>
  aliases.length === 0
    ? undefined
    : aliases.map((alias) => `${alias.address}${alias.may_send ? '' : ' (receives only)'}`).join(', ')

interface Made {
  readonly settings: ClientSettings
  readonly isVerified: boolean
  /** What isn't open isn't told to a person; a program gets the settings' ports. */
  readonly open: Ports | undefined
}

const madeLines = ({ settings: made, isVerified, open }: Made): string[] => [
  ...fields([
    ['Inbox', made.address],
    ['Id', made.id],
    ['User name', made.imap_username],
    ['Password', `${made.imap_password}  (shown this once)`],
    ['IMAP', isClosed(open, 'imaps') ? undefined : placeText(made.imap_host, made.imap_port, 'SSL/TLS')],
    ['SMTP', isClosed(open, 'submissions') ? undefined : placeText(made.smtp_host, made.smtp_port_tls, 'SSL/TLS')],
    ['', isClosed(open, 'submission') ? undefined : placeText(made.smtp_host, made.smtp_port, 'STARTTLS')],
  ]),
  ...(isVerified
    ? []
    : [
        '',
        `Its domain is not verified: nobody can sign in before \`postern domain verify ${made.address.split('@').at(-1)}\`.`,
      ]),
]

const isClosed = (open: Ports | undefined, door: Door): boolean => open !== undefined && open[door] === undefined

const placeText = (host: string, port: number | null, security: string): string =>
  port === null ? `${host}, a port that isn't known while no gateway runs` : `${host} port ${port}, ${security}`

async function madeOf(open: OpenStore, inbox: Inbox, password: string): Promise<Made> {
  const { verifiedAt } = await open.store.directory.getDomain(inbox.domain)
  const ports = await clientPorts(open)
  const places = { hostname: open.config.hostname, ports: ports.ports, password }
  return { settings: clientSettings(inbox, places), isVerified: verifiedAt !== undefined, open: ports.open }
}

const create = command('inbox create', {
  about: 'make an inbox and its password, which is shown this once',
  parameters: [['<address>', 'its address, in a domain that is here']],
  options: { ...settings, ...sendingOptions },
  run: ({ env, args, options }) =>
    withStore(env, async (open) => {
      const { directory } = open.store
      const word = args[0] as string
      const at = word.lastIndexOf('@')
      if (at < 1) throw new Usage(`${word} is no address.`, 'An address has the form name@domain.')
      const domain = await domainOf(directory, word.slice(at + 1))
      const { secret, publicPart, hash } = await mint(open, 'app')
      const changes = changesOf(options)
      const inbox = await directory.createInbox({
        domain: domain.id,
        address: word,
        displayName: changes.displayName ?? undefined,
        quotaBytes: changes.quotaBytes ?? undefined,
        quotaMessages: changes.quotaMessages ?? undefined,
        plusAddressing: changes.plusAddressing,
        sending: sendingChangesOf(options),
        password: { publicPart, hash },
        by,
      })
      return madeOf(open, inbox, secret)
    }),
  json: ({ settings: made }) => made,
  lines: madeLines,
})

const changesOf = (options: Values<typeof settings>): InboxChanges => ({
  ...(options.displayName === undefined ? {} : { displayName: options.displayName }),
  ...(options.quota === undefined ? {} : { quotaBytes: options.quota }),
  ...(options.quotaMessages === undefined ? {} : { quotaMessages: options.quotaMessages }),
  ...(options.plusAddressing === undefined ? {} : { plusAddressing: options.plusAddressing }),
})

const password = command('inbox password', {
  about: 'make a new password for it, shown this once; the old one ends at once, other credentials go on',
  parameters: address,
  run: ({ env, args: [word] }) =>
    withStore(env, async (open) => {
      const inbox = await inboxOf(open.store.directory, word as string)
      const { secret, publicPart, hash } = await mint(open, 'app')
      await open.store.directory.setInboxPassword(inbox.id, { secret: { publicPart, hash }, by })
      return madeOf(open, inbox, secret)
    }),
  json: ({ settings: made }) => made,
  lines: madeLines,
})

const list = listing('inbox list', {
  about: 'list inboxes',
  options: {
    domain: one('<domain>', 'only of this domain'),
    environment: one('<environment>', 'only of this environment'),
  },
  async page({ store: { directory } }, options) {
    const objects = new Objects(directory)
    const filter = {
      ...(options.domain === undefined ? {} : { domain: (await domainOf(directory, options.domain)).id }),
      ...(options.environment === undefined
        ? {}
        : { environment: (await environmentOf(directory, options.environment)).id }),
    }
    return async (page) => {
      const { items, next } = await directory.listInboxes({ ...filter, ...page })
      return { items: await Promise.all(items.map((inbox) => objects.inbox(inbox))), next }
    }
  },
  columns: [
    ['ADDRESS', (inbox) => inbox.address],
    ['ID', ({ id }) => id],
    ['MESSAGES', (inbox) => String(inbox.used_messages)],
    ['SIZE', (inbox) => sizeText(inbox.used_bytes)],
    ['', (inbox) => (inbox.disabled ? 'disabled' : '')],
  ],
})

type Change = (directory: Directory, inbox: Inbox, second: string) => Promise<Inbox>

/** A command that changes one inbox and shows it. */
const changing = (name: string, about: string, change: Change): Command =>
  command(name, {
    about,
    parameters: address,
    run: ({ env, args: [word, second] }) =>
      withStore(env, async ({ store: { directory } }) => {
        const inbox = await inboxOf(directory, word as string)
        return new Objects(directory).inbox(await change(directory, inbox, second as string))
      }),
    lines: inboxLines,
  })

const update = command('inbox update', {
  about: 'change its name, quota, plus addressing, OpenPGP key or legal hold, and what it may send',
  parameters: address,
  options: {
    ...settings,
    legalHold: onOff('whether nothing of it is destroyed; off lets go of what was held'),
    publicKey: publicKeyOption,
    ...sendingOptions,
  },
  run: ({ env, args: [word], options, stdin }) =>
    withStore(env, async ({ store: { directory } }) => {
      const { legalHold } = options
      const sending = sendingChangesOf(options)
      const publicKey = await publicKeyGiven({ file: options.publicKey, stdin })
      const changes = {
        ...changesOf(options),
        ...(legalHold === undefined ? {} : { legalHold }),
        ...(sending === undefined ? {} : { sending }),
        ...(publicKey === undefined ? {} : { publicKey }),
      }
      if (Object.keys(changes).length === 0)
        throw new Usage('Nothing is to be changed.', 'See `postern inbox update --help`.')
      const { id } = await inboxOf(directory, word as string)
      return new Objects(directory).inbox(await directory.updateInbox(id, { ...changes, by }))
    }),
  lines: inboxLines,
})

const aliasParameters = [...address, ['<alias>', 'another address, in a domain of the same environment']] as const

const alias = command('inbox alias', {
  about: 'give it one more address',
  parameters: aliasParameters,
  options: { receiveOnly: flag('the inbox may not send under it') },
  run: ({ env, args: [word, other], options: { receiveOnly } }) =>
    withStore(env, async ({ store: { directory } }) => {
      const { id } = await inboxOf(directory, word as string)
      const options = { address: other as string, maySend: !receiveOnly, by }
      return new Objects(directory).inbox(await directory.addAlias(id, options))
    }),
  lines: inboxLines,
})

const unalias = command('inbox unalias', {
  about: 'take one of its other addresses away',
  parameters: aliasParameters,
  run: ({ env, args: [word, other] }) =>
    withStore(env, async ({ store: { directory } }) => {
      const { id } = await inboxOf(directory, word as string)
      return new Objects(directory).inbox(await directory.removeAlias(id, { address: other as string, by }))
    }),
  lines: inboxLines,
})

const remove = command('inbox delete', {
  about: 'delete it with all its mail and credentials',
  parameters: address,
  options: { yes: flag('delete it') },
  run: ({ env, args: [word], options: { yes } }) =>
    withStore(env, async ({ store: { directory } }) => {
      const inbox = await inboxOf(directory, word as string)
      const { usedMessages: messages, usedBytes, publicId: id } = inbox
      if (!yes)
        throw new Usage(
          `Deleting ${inbox.address} destroys ${messages} messages (${sizeText(usedBytes)}) and its credentials for good.`,
          'Add --yes if you mean it. `postern inbox disable` keeps the mail and lets nobody in.',
        )
      await directory.deleteInbox(inbox.id, { by })
      return { id, address: inbox.address, messages, deleted: true }
    }),
  lines: (gone) => [`${gone.address} is gone, with ${gone.messages} messages.`],
})

export const inboxCommands: readonly Command[] = [
  create,
  list,
  changing('inbox show', 'show an inbox', async (_, inbox) => inbox),
  update,
  inboxRoute,
  password,
  changing('inbox disable', 'let nobody sign in, and refuse mail for it; what it has stays', (directory, { id }) =>
    directory.updateInbox(id, { disabled: true, by }),
  ),
  changing('inbox enable', 'let people sign in again, and mail come', (directory, { id }) =>
    directory.updateInbox(id, { disabled: false, by }),
  ),
  alias,
  unalias,
  inboxHeld,
  remove,
]
