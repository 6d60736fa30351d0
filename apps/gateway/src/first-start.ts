// The first start makes what a fresh server needs to be of use: tenant, environment, a verified domain, an inbox with an
// app password, and an admin key (contract I1). Each step is a commit of its own and looks first whether it's done, so
// that a start which was killed half way is completed by the next one. A secret exists in clear only until it has been
// printed: its credential is labelled as not shown until then, and one that still has that label at a later start gets a
// new secret in place of the one that nobody saw. The admin key comes last; once it's shown, the first start is over for
// good, whatever the operator renames, revokes or deletes later.

import { hashGivenSecret, mintSecret, type SecretKind } from '@postern/auth'
import {
  type Credential,
  type Directory,
  type Domain,
  type EnvironmentId,
  type Inbox,
  type NewCredential,
  type NewSecret,
  StoreRefusal,
  system,
} from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import { everyItem } from './pages.js'

export interface FirstStartOptions {
  readonly directory: Directory
  readonly serverKey: Uint8Array
  readonly domain: string
  /** POSTERN_ADMIN_KEY, which the operator knows already. */
  readonly adminKey: string | undefined
  readonly random: (bytes: number) => Uint8Array
}

export interface FirstStart {
  readonly inbox: string
  /** Undefined when an earlier try has shown it. */
  readonly password: string | undefined
  /** Undefined when the operator gave it. */
  readonly adminKey: string | undefined
  /** To be called when they have been printed. */
  shown(): Promise<void>
}

const notShown = ' (not shown yet)'
const passwordLabel = 'First app password'
const adminLabel = 'First admin key'
const firstLocalPart = 'me'
export const firstHome = { tenant: 'default', environment: 'production' } as const
const by = system

/** Whether there's nothing left of it to do: an admin key was shown. */
export async function isFirstStartOver(directory: Directory): Promise<boolean> {
  const environment = await oldestEnvironment(directory)
  if (environment === undefined) return false
  for await (const one of credentialsIn(directory, environment)) if (isShownAdminKey(one)) return true
  return false
}

const isShownAdminKey = ({ scopes, label }: Credential): boolean =>
  scopes.includes('admin') && label !== adminLabel + notShown

/** Undefined when there's nothing left of it to do. Of two processes only one may be in here (claim.ts). */
export async function firstStart(options: FirstStartOptions): Promise<FirstStart | undefined> {
  const { directory, adminKey } = options
  const environment = await ensureEnvironment(directory)
  const credentials: Credential[] = []
  for await (const one of credentialsIn(directory, environment)) credentials.push(one)
  if (credentials.some(isShownAdminKey)) return undefined
  const domain = await ensureDomain(directory, { environment, name: options.domain })
  const inbox = await ensureInbox(directory, domain)

  const app: NewCredential = {
    ...base('app', environment, passwordLabel),
    inbox: inbox.id,
    inboxPassword: true,
    scopes: ['imap', 'smtp'],
  }
  const admin: NewCredential = { ...base('key', environment, adminLabel), scopes: ['api', 'admin'], grants: ['*'] }
  const isPasswordShown = credentials.some(
    (one) => one.inbox === inbox.id && one.inboxPassword && one.label !== passwordLabel + notShown,
  )
  const password = isPasswordShown ? undefined : await freshSecret(options, { wanted: app, credentials })
  const key = await freshSecret(options, { wanted: admin, credentials, given: adminKey })
  return {
    inbox: inbox.address,
    password: password?.secret,
    adminKey: adminKey === undefined ? key.secret : undefined,
    async shown() {
      if (password) await directory.updateCredential(password.credential.id, { label: passwordLabel, by })
      await directory.updateCredential(key.credential.id, { label: adminLabel, by })
    },
  }
}

async function ensureEnvironment(directory: Directory): Promise<EnvironmentId> {
  const oldest = await oldestEnvironment(directory)
  return oldest ?? (await directory.ensureDefault({ ...firstHome, by })).environment.id
}

/** Not by its name: operators rename, and a later start must not take that for a fresh store. */
const oldestEnvironment = async (directory: Directory): Promise<EnvironmentId | undefined> =>
  (await directory.listEnvironments({ limit: 1 })).items[0]?.id

const credentialsIn = (directory: Directory, environment: EnvironmentId): AsyncIterable<Credential> =>
  everyItem((page) => directory.listCredentials({ environment, ...page }))

async function ensureDomain(
  directory: Directory,
  { environment, name }: { environment: EnvironmentId; name: string },
): Promise<Domain> {
  const make = async (): Promise<Domain> => {
    try {
      return await directory.createDomain({ environment, name, by })
    } catch (error) {
      if (!(error instanceof StoreRefusal) || error.code !== 'invalid') throw error
      const fix = 'Set POSTERN_DOMAIN to a domain such as example.com.'
      throw new Failure('wrong_settings', `POSTERN_DOMAIN is ${name}: ${error.message}`, { fix, cause: error })
    }
  }
  const domain = (await directory.findDomain(name)) ?? (await make())
  if (domain.verifiedAt !== undefined) return domain
  return directory.markDomainVerified(domain.id, { how: 'operator', by })
}

async function ensureInbox(directory: Directory, domain: Domain): Promise<Inbox> {
  const address = `${firstLocalPart}@${domain.name}`
  const found = await directory.findAddress(address)
  return found?.via === 'address' ? found.inbox : directory.createInbox({ domain: domain.id, address, by })
}

type Base = Pick<NewCredential, 'kind' | 'environment' | 'label' | 'scopes'> & { secret: NewSecret }
const noSecret: NewSecret = { publicPart: '', hash: new Uint8Array() }
const base = (kind: SecretKind, environment: EnvironmentId, label: string): Base => ({
  kind,
  environment,
  label: label + notShown,
  scopes: [],
  secret: noSecret,
})

interface Wanted {
  readonly wanted: NewCredential
  readonly credentials: readonly Credential[]
  readonly given?: string | undefined
}

/** The credential with a secret that nobody has seen: made, or given to the one that a killed start has left. */
async function freshSecret(
  { directory, serverKey, random }: FirstStartOptions,
  { wanted, credentials, given }: Wanted,
): Promise<{ credential: Credential; secret: string | undefined }> {
  const left = credentials.find(({ label, inbox }) => label === wanted.label && inbox === wanted.inbox)
  const minted =
    given === undefined
      ? mintSecret(wanted.kind, { random, serverKey })
      : { secret: undefined, ...hashGivenSecret(given, serverKey) }
  const secret: NewSecret = { publicPart: minted.publicPart, hash: minted.hash }
  if (left === undefined) {
    return { credential: await directory.createCredential({ ...wanted, secret, by }), secret: minted.secret }
  }
  const isThere = left.secrets.some(({ publicPart }) => publicPart === secret.publicPart)
  const credential = isThere ? left : await directory.addSecret(left.id, { secret, overlapMs: 0, by })
  return { credential, secret: minted.secret }
}
