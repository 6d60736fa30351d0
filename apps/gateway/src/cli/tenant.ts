// `postern tenant …`: tenants and their environments (contract B1). A server for one owner never needs it: the first start
// makes one of each.

import type { Directory, Environment, Tenant } from '@postern/mailbox-store'
import { everyItem } from '../pages.js'
import { type Command, command } from './command.js'
import { withStore } from './existing-store.js'
import { listing } from './listing.js'
import { type TenantObject, tenantObject } from './objects.js'
import { operator as by } from './operator.js'
import { flag, many } from './options.js'
import { environmentOf, tenantOf } from './references.js'
import { sendingChangesOf, sendingFields, sendingOptions } from './sending-options.js'
import { fields } from './table.js'
import { Usage } from './usage.js'

async function objectOf(directory: Directory, tenant: Tenant): Promise<TenantObject> {
  const environments: Environment[] = []
  for await (const one of everyItem((page) => directory.listEnvironments({ tenant: tenant.id, ...page })))
    environments.push(one)
  return tenantObject(tenant, environments)
}

const linesOf = ({ id, name, environments, sending, created_at }: TenantObject): string[] =>
  fields([
    ['Tenant', name],
    ['Id', id],
    ['Environments', environments.map((one) => `${one.name} (${one.id})`).join(', ')],
    ...sendingFields(sending),
    ['Made', created_at],
  ])

const create = command('tenant create', {
  about: 'make a tenant with its environments',
  parameters: [['<name>', 'as you call it']],
  options: { environment: many('<name>', 'an environment; without it `production`') },
  run: ({ env, args, options: { environment: names = ['production'] } }) =>
    withStore(env, async ({ store: { directory } }) => {
      const tenant = await directory.createTenant({ name: args[0] as string, by })
      for (const name of names) await directory.createEnvironment({ tenant: tenant.id, name, by })
      return objectOf(directory, tenant)
    }),
  lines: linesOf,
})

const list = listing('tenant list', {
  about: 'list tenants',
  options: {},
  page:
    async ({ store: { directory } }) =>
    async (page) => {
      const { items, next } = await directory.listTenants(page)
      return { items: await Promise.all(items.map((tenant) => objectOf(directory, tenant))), next }
    },
  columns: [
    ['TENANT', ({ name }) => name],
    ['ID', ({ id }) => id],
    ['ENVIRONMENTS', ({ environments }) => environments.map(({ name }) => name).join(', ')],
  ],
})

const show = command('tenant show', {
  about: 'show a tenant and its environments',
  parameters: [['<tenant>', 'its name or id']],
  run: ({ env, args: [tenant] }) =>
    withStore(env, async ({ store: { directory } }) =>
      objectOf(directory, await tenantOf(directory, tenant as string)),
    ),
  lines: linesOf,
})

const update = command('tenant update', {
  about: 'change what may be sent from all of its domains',
  parameters: [['<tenant>', 'its name or id']],
  options: sendingOptions,
  run: ({ env, args: [word], options }) =>
    withStore(env, async ({ store: { directory } }) => {
      const sending = sendingChangesOf(options)
      if (sending === undefined) throw new Usage('Nothing is to be changed.', 'See `postern tenant update --help`.')
      const { id } = await tenantOf(directory, word as string)
      return objectOf(directory, await directory.updateTenant(id, { sending, by }))
    }),
  lines: linesOf,
})

const rename = command('tenant rename', {
  about: 'give a tenant another name',
  parameters: [
    ['<tenant>', 'its name or id'],
    ['<name>', 'the new name'],
  ],
  run: ({ env, args: [word, name] }) =>
    withStore(env, async ({ store: { directory } }) => {
      const { id } = await tenantOf(directory, word as string)
      return objectOf(directory, await directory.renameTenant(id, { name: name as string, by }))
    }),
  lines: linesOf,
})

const addEnvironment = command('tenant add-environment', {
  about: 'give a tenant one more environment',
  parameters: [
    ['<tenant>', 'its name or id'],
    ['<name>', 'the new environment'],
  ],
  run: ({ env, args: [word, name] }) =>
    withStore(env, async ({ store: { directory } }) => {
      const tenant = await tenantOf(directory, word as string)
      await directory.createEnvironment({ tenant: tenant.id, name: name as string, by })
      return objectOf(directory, tenant)
    }),
  lines: linesOf,
})

const deleteEnvironment = command('tenant delete-environment', {
  about: 'delete an environment that has no domains, with its credentials',
  parameters: [['<environment>', 'its id, or tenant/name']],
  options: { yes: flag('delete it') },
  run: ({ env, args: [word], options: { yes } }) =>
    withStore(env, async ({ store: { directory } }) => {
      const { id, name, publicId } = await environmentOf(directory, word as string)
      if (!yes) throw new Usage(`Deleting the environment ${name} deletes its credentials for good.`, confirm)
      await directory.deleteEnvironment(id, { by })
      return { id: publicId, name, deleted: true }
    }),
  lines: ({ name }) => [`The environment ${name} is gone.`],
})

const confirm = 'Add --yes if you mean it.'

const remove = command('tenant delete', {
  about: 'delete a tenant that has no domains, with its environments and credentials',
  parameters: [['<tenant>', 'its name or id']],
  options: { yes: flag('delete it') },
  run: ({ env, args: [word], options: { yes } }) =>
    withStore(env, async ({ store: { directory } }) => {
      const { id, name, publicId } = await tenantOf(directory, word as string)
      if (!yes) throw new Usage(`Deleting the tenant ${name} deletes its credentials for good.`, confirm)
      await directory.deleteTenant(id, { by })
      return { id: publicId, name, deleted: true }
    }),
  lines: ({ name }) => [`The tenant ${name} is gone.`],
})

export const tenantCommands: readonly Command[] = [
  create,
  list,
  show,
  update,
  rename,
  addEnvironment,
  remove,
  deleteEnvironment,
]
