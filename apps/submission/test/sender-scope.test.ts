// Which addresses a login may send as, asked of a real directory.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Domain, type Inbox, openStore, parseAddress, type Store } from '@postern/mailbox-store'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { senderScope, sendersOf } from '../src/policies/sender-scope.js'

let folder: string
let store: Store
let ada: Inbox
let home: Domain

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-scope-'))
  store = await openStore({ folder })
  const { directory } = store
  const { tenant, environment } = await directory.ensureDefault({ tenant: 'one', environment: 'live' })
  const other = await directory.createEnvironment({ tenant: tenant.id, name: 'staging' })
  const domain = async (
    name: string,
    { in: at = environment, verified = true, catchAll = false } = {},
  ): Promise<Domain> => {
    const made = await directory.createDomain({ environment: at.id, name, catchAll })
    return verified ? directory.markDomainVerified(made.id, { how: 'operator' }) : made
  }
  home = await domain('example.org')
  await domain('team.test', { catchAll: true })
  await domain('bank.test', { verified: false })
  await domain('staging.test', { in: other })
  await directory.addDomainAlias(home.id, { name: 'example.net' })
  ada = await directory.createInbox({ domain: home.id, address: 'ada@example.org' })
  await directory.addAlias(ada.id, { address: 'office@example.org' })
  await directory.addAlias(ada.id, { address: 'silent@example.org', maySend: false })
  await directory.addAlias(ada.id, { address: 'ada@team.test' })
  const bob = await directory.createInbox({ domain: home.id, address: 'bob@example.org' })
  await directory.addAlias(bob.id, { address: 'sales@example.org' })
  const carl = await directory.createInbox({ domain: home.id, address: 'carl@example.org' })
  await directory.updateInbox(carl.id, { plusAddressing: false })
  ada = await directory.getInbox(ada.id)
})

afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

test.each<[string, readonly string[] | undefined, string, boolean]>([
  ['its own address', ['ada@example.org'], 'ada@example.org', true],
  ['in another spelling', ['ada@example.org'], 'ADA@Example.ORG', true],
  ['with a detail', ['ada@example.org'], 'ada+news@example.org', true],
  ["under the domain's other name", ['ada@example.org'], 'ada@example.net', true],
  ["with a detail under the domain's other name", ['ada@example.org'], 'ada+news@example.net', true],
  ['an alias', ['ada@example.org'], 'office@example.org', true],
  ['an alias with a detail', ['ada@example.org'], 'office+news@example.org', true],
  ["an alias under the domain's other name", ['ada@example.org'], 'office@example.net', true],
  ['an alias in another domain', ['ada@example.org'], 'ada@team.test', true],
  ['an alias that may not send', ['ada@example.org'], 'silent@example.org', false],
  ['an alias that may not send, with a detail', ['ada@example.org'], 'silent+news@example.org', false],
  ['another inbox', ['ada@example.org'], 'bob@example.org', false],
  ["another inbox' alias", ['ada@example.org'], 'sales@example.org', false],
  ['nobody in its domain', ['ada@example.org'], 'nobody@example.org', false],
  ['nobody in a domain that catches all', ['ada@example.org'], 'nobody@team.test', false],
  ['a detail where the inbox takes none', ['ada@example.org', 'carl@example.org'], 'carl+news@example.org', false],
  ['that inbox itself', ['ada@example.org', 'carl@example.org'], 'carl@example.org', true],
  ['the whole domain', ['*@example.org'], 'nobody@example.org', true],
  ['the whole domain under its other name', ['*@example.org'], 'nobody@example.net', true],
  ['the whole domain, not another', ['*@example.org'], 'nobody@team.test', false],
  ['the whole domain, not below it', ['*@example.org'], 'nobody@mail.example.org', false],
  ['a pattern', ['support-*@example.org'], 'support-1@example.org', true],
  ['a pattern, not beside it', ['support-*@example.org'], 'support@example.org', false],
  ['everything: another inbox', ['*'], 'bob@example.org', true],
  ['everything: a catch-all domain', ['*'], 'nobody@team.test', true],
  ['everything: not another environment', ['*'], 'a@staging.test', false],
  ['everything: not an unverified domain', ['*'], 'ceo@bank.test', false],
  ['everything: not a domain that is elsewhere', ['*'], 'ceo@elsewhere.test', false],
  ['an unverified domain by name', ['ceo@bank.test'], 'ceo@bank.test', false],
  ['another environment by name', ['*@staging.test'], 'a@staging.test', false],
  ['a token: its own address', undefined, 'ada@example.org', true],
  ['a token: an alias', undefined, 'office@example.org', true],
  ['a token: another inbox', undefined, 'bob@example.org', false],
  ['an inbox that any user name opens', ['bob@example.org'], 'ada@example.org', true],
])('%s (%j) as %s: %s', async (_, grants, address, may) => {
  const credential = grants === undefined ? undefined : { grants }
  const maySend = sendersOf(senderScope({ credential, inbox: ada, domain: home }), store.directory)
  expect(await maySend(parseAddress(address))).toBe(may)
  expect(await maySend(parseAddress(address))).toBe(may)
})

test('a login of a whole domain has no inbox of its own', async () => {
  const scope = senderScope({ credential: { grants: ['*@example.org'] }, inbox: undefined, domain: home })
  expect(await sendersOf(scope, store.directory)(parseAddress('ada@example.org'))).toBe(true)
  expect(await sendersOf(scope, store.directory)(parseAddress('ada@team.test'))).toBe(true)
  expect(await sendersOf(scope, store.directory)(parseAddress('nobody@team.test'))).toBe(false)
})
