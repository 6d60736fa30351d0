// `postern ingest key …`: who may hand mail over by HTTP (contract F3). What a key's secret is depends on the provider: one that is made
// here and shown once, or what the provider gives, which then comes by a file or standard input.

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { type IngestKey, type IngestProvider, ingestProviders, publicId } from '@postern/mailbox-store'
import { type Command, command, type Invocation } from './command.js'
import { withStore } from './existing-store.js'
import { listing } from './listing.js'
import { type IngestKeyObject, Objects } from './objects.js'
import { operator as by } from './operator.js'
import { choice, one } from './options.js'
import { domainOf, environmentOf } from './references.js'
import { sealedOf } from './sealing.js'
import { fields } from './table.js'
import { Usage } from './usage.js'

const options = {
  provider: choice(ingestProviders, 'who posts; `http`, which signs as docs/operations.md says, if nothing is said'),
  domain: one('<domain>', 'the domain that it is for'),
  environment: one('<environment>', 'every domain of this environment, in the place of one domain'),
  label: one('<label>', 'what it is for, or where it is used'),
  secretFile: one('<file>', 'where what the provider gives is: - for standard input'),
  topic: one('<arn>', 'of ses: the SNS topic that the receipt rule publishes to'),
} as const

type Asked = Invocation<typeof options>

const paths: Readonly<Record<IngestProvider, (id: string) => string>> = {
  http: () => '/v1/ingest',
  cloudflare: () => '/v1/ingest/cloudflare',
  ses: (id) => `/v1/ingest/ses/${id}`,
  mailgun: (id) => `/v1/ingest/mailgun/${id}/mime`,
  postmark: (id) => `/v1/ingest/postmark/${id}`,
  sendgrid: (id) => `/v1/ingest/sendgrid/${id}`,
}

const keyLines = (key: IngestKeyObject): string[] =>
  fields([
    ['Ingest key', key.label],
    ['Id', key.id],
    ['Provider', key.provider],
    ['For', key.domain ?? `every domain of ${key.environment}`],
    ['Path', paths[key.provider](key.id)],
    ['State', stateOf(key)],
    ['Made', key.created_at],
  ])

const stateOf = ({ revoked_at: at }: IngestKeyObject): string => (at === null ? 'works' : `revoked ${at}`)

interface Made extends IngestKeyObject {
  readonly path: string
  /** Undefined where the provider has given it. */
  readonly secret?: string
}

const create = command('ingest key create', {
  about: 'make a key, whose secret is shown this once',
  options,
  run: (asked) =>
    withStore(asked.env, async (open): Promise<Made> => {
      const { directory } = open.store
      const { provider = 'http', label, domain: name, environment: word } = asked.options
      if (label === undefined) throw new Usage('An ingest key has a label.', 'Add --label <label>.')
      if ((name === undefined) === (word === undefined))
        throw new Usage(
          'An ingest key is for one domain, or for all of an environment.',
          'Give --domain or --environment.',
        )
      const domain = name === undefined ? undefined : await domainOf(directory, name)
      const environment = domain?.environment ?? (await environmentOf(directory, word)).id
      const given = await givenSecret(provider, asked)
      const secret = given ?? `ps_ing_${randomBytes(24).toString('hex')}`
      const id = publicId('ing')
      const sealed = (await sealedOf(open)).sealIngestSecret(secret, id)
      const made = await directory.createIngestKey({
        ...{ publicId: id, environment, domain: domain?.id, provider, label, secret: sealed, by },
      })
      const shown = { ...(await new Objects(directory).ingestKey(made)), path: paths[provider](id) }
      return given === undefined ? { ...shown, secret } : shown
    }),
  lines: ({ secret, ...made }) => [
    ...keyLines(made),
    ...(secret === undefined ? [] : ['', `Secret  ${secret}  (shown this once)`]),
  ],
})

/** Undefined where one is to be made. */
async function givenSecret(provider: IngestProvider, asked: Asked): Promise<string | undefined> {
  const { topic, secretFile } = asked.options
  if (topic !== undefined && provider !== 'ses') throw new Usage('Only ses has a topic.', 'Leave out --topic.')
  switch (provider) {
    case 'ses':
      return checkedTopic(topic)
    case 'mailgun': {
      const key = await fileText(asked)
      if (key === undefined || key === '')
        throw new Usage(
          'Mailgun signs with a key of its own.',
          'Give its HTTP webhook signing key: --secret-file <file>.',
        )
      return key
    }
    case 'sendgrid': {
      const key = await fileText(asked)
      const { sendgridPublicKey } = await import('@postern/inbound')
      if (key !== undefined && sendgridPublicKey(key) === undefined)
        throw new Usage(
          'That is no public key.',
          'Give the one that SendGrid shows with the security policy, in base64.',
        )
      return key
    }
    case 'http':
    case 'cloudflare':
    case 'postmark':
      if (secretFile !== undefined)
        throw new Usage(`The secret of a key for ${provider} is made here.`, 'Leave out --secret-file.')
      return undefined
  }
}

function checkedTopic(topic: string | undefined): string {
  if (topic !== undefined && /^arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]+$/.test(topic)) return topic
  throw new Usage(
    'A key for ses is for one SNS topic: anybody can have Amazon sign for another one.',
    'Add --topic arn:aws:sns:<region>:<account>:<name>.',
  )
}

async function fileText({ options: { secretFile }, stdin }: Asked): Promise<string | undefined> {
  if (secretFile === undefined) return undefined
  return (secretFile === '-' ? await text(stdin()) : await readFile(secretFile, 'utf8')).trim()
}

const list = listing('ingest key list', {
  about: 'list ingest keys, those that are revoked too',
  options: {
    domain: one('<domain>', 'only of this domain'),
    environment: one('<environment>', 'only of this environment'),
  },
  async page({ store: { directory } }, { domain, environment }) {
    const objects = new Objects(directory)
    const filter = {
      domain: domain === undefined ? undefined : (await domainOf(directory, domain)).id,
      environment: environment === undefined ? undefined : (await environmentOf(directory, environment)).id,
    }
    return async (page) => {
      const { items, next } = await directory.listIngestKeys({ ...filter, ...page })
      return { items: await Promise.all(items.map((key) => objects.ingestKey(key))), next }
    }
  },
  columns: [
    ['LABEL', ({ label }) => label],
    ['ID', ({ id }) => id],
    ['PROVIDER', ({ provider }) => provider],
    ['FOR', ({ domain }) => domain ?? '*'],
    ['STATE', stateOf],
    ['MADE', ({ created_at: at }) => at],
  ],
})

const revoke = command('ingest key revoke', {
  about: 'end it for good; other keys go on',
  parameters: [['<key>', 'its id']],
  run: ({ env, args: [word] }) =>
    withStore(env, async ({ store: { directory } }) => {
      const revoked: IngestKey = await directory.revokeIngestKey(word as string, { by })
      return new Objects(directory).ingestKey(revoked)
    }),
  lines: keyLines,
})

export const ingestKeyCommands: readonly Command[] = [create, list, revoke]
