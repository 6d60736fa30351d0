// How a command's words name what they mean: a public id, or the name that people know it by. What isn't there is said
// with the command that would show or make it.

import type { Credential, Directory, Domain, Environment, Inbox, Tenant } from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import { firstHome } from '../first-start.js'
import { everyItem } from '../pages.js'
import { operator as by } from './operator.js'
import { Usage } from './usage.js'

const notFound = (message: string, fix: string): Failure => new Failure('not_found', message, { fix })

export async function tenantOf(directory: Directory, word: string): Promise<Tenant> {
  for await (const tenant of everyItem((page) => directory.listTenants(page)))
    if (tenant.publicId === word || tenant.name === word) return tenant
  throw notFound(`There is no tenant ${word}.`, 'See `postern tenant list`.')
}

/** `env_…`, `tenant/name`, or `name` in the first tenant; the first environment where nothing is said. */
export async function environmentOf(directory: Directory, word: string | undefined): Promise<Environment> {
  if (word?.startsWith('env_')) return directory.getEnvironment(word)
  const slash = word?.lastIndexOf('/') ?? -1
  const tenant = slash < 0 ? await firstTenant(directory) : await tenantOf(directory, word?.slice(0, slash) as string)
  const name = word?.slice(slash + 1)
  for await (const one of everyItem((page) => directory.listEnvironments({ tenant: tenant.id, ...page })))
    if (name === undefined || one.name === name) return one
  throw notFound(`There is no environment ${name} in the tenant ${tenant.name}.`, 'See `postern tenant list`.')
}

/** The environment for something new: on a fresh store the one that a first start makes, too. */
export async function environmentForNew(directory: Directory, word: string | undefined): Promise<Environment> {
  const isFresh = (await directory.listTenants({ limit: 1 })).items.length === 0
  if (isFresh) await directory.ensureDefault({ ...firstHome, by })
  return environmentOf(directory, word)
}

async function firstTenant(directory: Directory): Promise<Tenant> {
  const [first] = (await directory.listTenants({ limit: 1 })).items
  if (first !== undefined) return first
  throw notFound('There is no tenant yet.', 'Start the gateway once, or make one: `postern tenant create <name>`.')
}

export async function domainOf(directory: Directory, word: string): Promise<Domain> {
  if (word.startsWith('dom_')) return directory.getDomain(word)
  const domain = await directory.findDomain(word)
  if (domain !== undefined) return domain
  throw notFound(
    `There is no domain ${word}.`,
    `See \`postern domain list\`, or make it: \`postern domain create ${word}\`.`,
  )
}

/** Not by an alias: who deletes one inbox must not meet another one. */
export async function inboxOf(directory: Directory, word: string): Promise<Inbox> {
  if (word.startsWith('inb_') && !word.includes('@')) return directory.getInbox(word)
  if (!word.includes('@')) throw new Usage(`${word} is no address.`, 'Name an inbox by its address or its id.')
  const found = await directory.findAddress(word)
  if (found?.via === 'address') return found.inbox
  if (found === undefined || found.via === 'catch-all')
    throw notFound(
      `There is no inbox ${word}.`,
      `See \`postern inbox list\`, or make it: \`postern inbox create ${word}\`.`,
    )
  throw notFound(
    `There is no inbox ${word}: its mail goes to ${found.inbox.address}.`,
    'Name the inbox by that address.',
  )
}

/** By its id, or by its label where only one that isn't revoked has it. */
export async function credentialOf(directory: Directory, word: string): Promise<Credential> {
  if (word.startsWith('cred_')) return directory.getCredential(word)
  const labelled: Credential[] = []
  for await (const one of everyItem((page) => directory.listCredentials({ revoked: false, ...page })))
    if (one.label === word) labelled.push(one)
  const [first, ...more] = labelled
  if (first === undefined)
    throw notFound(`There is no credential ${word}.`, 'Name it by its id or its label: see `postern credential list`.')
  if (more.length > 0)
    throw new Usage(`${labelled.length} credentials have the label ${word}.`, 'Name the one you mean by its id.')
  return first
}
