// What submission and relay are told of routes, rules, keys and recipients, from a real directory; and that a change of it, by
// any process, is heard of, while nothing is read twice without one.

import { randomBytes } from 'node:crypto'
import { load } from '@postern/config'
import { openStore, type Store } from '@postern/mailbox-store'
import { readRoute } from '@postern/routing'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { refuseUnusable } from '../src/sending/check-stored.js'
import { sendingDefaults } from '../src/sending/defaults.js'
import { askedLately, KeptLookups } from '../src/sending/kept-lookups.js'
import { sealedRecords } from '../src/sending/sealed-records.js'
import { SendingLookups } from '../src/sending/sending-lookups.js'
import { newFolder } from './gateway-process.js'

const by = { name: 'test' }
const fallback = readRoute('smtp://fallback.example.net')
const ours = readRoute('smtp://me:secret@relay.example.net')
const other = readRoute('direct')

async function town() {
  const folder = newFolder()
  const open = async (): Promise<Store> => {
    const store = await openStore({ folder })
    onTestFinished(() => store.close())
    return store
  }
  const store = await open()
  const { directory } = store
  const { environment, tenant } = await directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const domain = await directory.createDomain({ environment: environment.id, name: 'example.test' })
  await directory.markDomainVerified(domain.id, { how: 'operator' })
  const ada = await directory.createInbox({ domain: domain.id, address: 'ada@example.test' })
  const sealed = sealedRecords(randomBytes(32))
  const now = { ms: 0 }
  const defaults = sendingDefaults(load({ POSTERN_SENDING_PER_HOUR: '100' }))
  const lookups = new SendingLookups({ directory, sealed, fallback, defaults, elapsedMs: () => now.ms })
  return { open, directory, environment, tenant, domain, ada, sealed, now, lookups }
}

let it: Awaited<ReturnType<typeof town>>
beforeEach(async () => {
  it = await town()
})

const later = (): void => {
  it.now.ms += 1_000
}
const adas = () => it.lookups.routeFor({ account: it.ada.id, senderDomain: 'example.test' })

test('a route is the inbox’s, or its domain’s, or that of the settings, and says which', async () => {
  const { directory, domain, ada, sealed, lookups } = it
  expect(await adas()).toEqual({ route: fallback, because: 'setting' })
  await directory.updateDomain(domain.id, { route: sealed.sealRoute(ours, domain), by })
  later()
  expect(await adas()).toEqual({ route: ours, because: 'domain' })
  await directory.updateInbox(ada.id, { route: sealed.sealRoute(other, ada), by })
  later()
  expect(await adas()).toEqual({ route: other, because: 'inbox' })
  const someone = { account: undefined, senderDomain: 'Example.test' }
  expect(await lookups.routeFor(someone)).toEqual({ route: ours, because: 'domain' })
  expect(await lookups.routeFor({ account: undefined, senderDomain: 'elsewhere.test' })).toMatchObject({
    because: 'setting',
  })
  expect(await lookups.routeFor({ account: undefined, senderDomain: undefined })).toMatchObject({ because: 'setting' })
  await directory.deleteInbox(ada.id, { by })
  later()
  expect(await adas()).toEqual({ route: ours, because: 'domain' })
})

test('what another process changes is heard of, and nothing is opened twice before', async () => {
  const { open, directory, domain, sealed } = it
  await directory.updateDomain(domain.id, { route: sealed.sealRoute(ours, domain), by })
  const first = await adas()
  later()
  expect((await adas()).route).toBe(first.route)
  const neighbour = await open()
  await neighbour.directory.updateDomain(domain.id, { route: null, by })
  expect((await adas()).route).toBe(first.route)
  later()
  expect((await adas()).route).toBe(fallback)
})

test('a sealed route opens with its key, for its record, or says what to do', async () => {
  const { directory, domain, ada, sealed } = it
  await directory.updateInbox(ada.id, { route: sealed.sealRoute(ours, domain), by })
  await expect(adas()).rejects.toMatchObject({
    failure: 'sending_unusable',
    message: "The route of ada@example.test can't be opened with this server key.",
    fix: expect.stringContaining('postern inbox route'),
  })
  await directory.updateInbox(ada.id, { route: null, by })
  later()
  expect(await adas()).toMatchObject({ because: 'setting' })
})

test('the start looks at everything that is stored, and names what can not be used', async () => {
  const { directory, domain, ada, sealed } = it
  const config = load({})
  const another = sealedRecords(randomBytes(32))
  const loop = readRoute('smtp://localhost:1587')
  const key = { selector: 'p1', algorithm: 'rsa-sha256', publicKey: 'AAAA' } as const
  await directory.updateDomain(domain.id, { route: sealed.sealRoute(ours, domain), by })
  await directory.addDkimKey(domain.id, { ...key, privateKey: sealed.sealDkimKey('pem', { domain, selector: 'p1' }) })
  await expect(refuseUnusable(directory, { sealed, config })).resolves.toBeUndefined()
  await directory.updateInbox(ada.id, { route: sealed.sealRoute(loop, ada), by })
  await expect(refuseUnusable(directory, { sealed, config })).rejects.toThrow(/The route of ada@example.test leads to/)
  const wrongKey = refuseUnusable(directory, { sealed: another, config })
  await expect(wrongKey).rejects.toThrow(/The route of example.test can't be opened.*DKIM key p1.*ada@example.test/)
  await directory.retireDkimKey(domain.id, { selector: 'p1' })
  await expect(refuseUnusable(directory, { sealed: another, config })).rejects.not.toThrow(/DKIM/)
})

test('a domain signs with every key that is not retired', async () => {
  const { directory, domain, sealed, lookups } = it
  expect(await lookups.dkimKeysFor('example.test')).toEqual([])
  expect(await lookups.dkimKeysFor('elsewhere.test')).toEqual([])
  await directory.addDomainAlias(domain.id, { name: 'other.test', by })
  for (const [selector, algorithm] of [
    ['p1r', 'rsa-sha256'],
    ['p1e', 'ed25519-sha256'],
    ['p0r', 'rsa-sha256'],
  ] as const) {
    const privateKey = sealed.sealDkimKey(`key ${selector}`, { domain, selector })
    await directory.addDkimKey(domain.id, { selector, algorithm, privateKey, publicKey: 'AAAA', by })
  }
  await directory.retireDkimKey(domain.id, { selector: 'p0r', by })
  later()
  expect(await lookups.dkimKeysFor('EXAMPLE.test')).toEqual([
    { domain: 'example.test', selector: 'p1r', algorithm: 'rsa-sha256', privateKey: 'key p1r' },
    { domain: 'example.test', selector: 'p1e', algorithm: 'ed25519-sha256', privateKey: 'key p1e' },
  ])
  expect((await lookups.dkimKeysFor('other.test')).map((key) => key.domain)).toEqual(['other.test', 'other.test'])
})

test('the rules that hold are the nearest ones, as they are now', async () => {
  const { directory, environment, tenant, domain, ada, lookups } = it
  const secret = { publicPart: '0123456789', hash: randomBytes(32) }
  const credential = await directory.createCredential({
    ...({ kind: 'app', scopes: ['smtp'], label: 'x' } as const),
    ...{ environment: environment.id, inbox: ada.id, secret },
  })
  const party = { credential: credential.id, inbox: ada.id, domain: domain.id }
  expect(await lookups.sendingRulesFor(party)).toMatchObject({
    ...{ recipientsMax: 50, messageBytesMax: 10_485_760, from: 'reject' },
    inboxLimits: { perHour: 100, perDay: undefined },
  })
  await directory.updateTenant(tenant.id, { sending: { recipientsMax: 10, recipientsPerDay: 7 }, by })
  await directory.updateDomain(domain.id, { sending: { recipientsMax: 20 }, by })
  await directory.updateInbox(ada.id, { sending: { recipientsPerHour: 5 }, by })
  await directory.updateCredential(credential.id, { sending: { from: 'rewrite', recipientsPerHour: 3 }, by })
  later()
  expect(await lookups.sendingRulesFor(party)).toMatchObject({
    ...{ recipientsMax: 20, from: 'rewrite' },
    credentialLimits: { perHour: 3 },
    inboxLimits: { perHour: 5, perDay: 7 },
  })
  const whole = { credential: undefined, inbox: undefined, domain: domain.id }
  expect(await lookups.sendingRulesFor(whole)).toMatchObject({ recipientsMax: 20, credentialLimits: { perDay: 7 } })
})

test('a recipient is here, or would be, or is nobody, or is elsewhere', async () => {
  const { directory, environment, domain, ada, lookups } = it
  await directory.addAlias(ada.id, { address: 'countess@example.test', by })
  const all = await directory.createDomain({ environment: environment.id, name: 'all.test', catchAll: true })
  await directory.markDomainVerified(all.id, { how: 'operator' })
  const claimed = await directory.createDomain({ environment: environment.id, name: 'claimed.test' })
  await directory.createInbox({ domain: claimed.id, address: 'ada@claimed.test' })
  await directory.addAlias(ada.id, { address: 'countess@claimed.test', by })
  for (const address of ['ada@example.test', 'ADA@Example.Test', 'countess@example.test', 'ada+notes@example.test'])
    expect(await lookups.recipientFor(address), address).toMatchObject({ kind: 'inbox', inbox: { id: ada.id } })
  expect(await lookups.recipientFor('any+x@all.test')).toMatchObject({ kind: 'catch-all', address: 'any@all.test' })
  expect(await lookups.recipientFor('bob@example.test')).toMatchObject({ kind: 'unknown', domain: { id: domain.id } })
  for (const address of ['ada@claimed.test', 'countess@claimed.test', 'bob@elsewhere.test', 'bob@[127.0.0.1]'])
    expect(await lookups.recipientFor(address), address).toEqual({ kind: 'remote' })
})

test('what is kept of lookups is bounded, goes with a new version, and is no failure', async () => {
  let version = 1
  let looked = 0
  const kept = new KeptLookups<number>({ version: async () => version, keysMax: 2 })
  const get = (key: string) => kept.get(key, async () => ++looked)
  expect([await get('a'), await get('b'), await get('a')]).toEqual([1, 2, 1])
  version = 2
  expect([await get('a'), await get('a'), await get('b')]).toEqual([3, 3, 4])
  expect([await get('c'), await get('a')], 'a third key empties it').toEqual([5, 6])
  version = 3
  const failing = () => kept.get('d', () => Promise.reject(new Error('no disk')))
  await expect(failing()).rejects.toThrow('no disk')
  expect(await get('d')).toBe(7)
})

test('a version is asked for at most so often', async () => {
  let asked = 0
  let elapsed = 0
  const ask = askedLately(async () => ++asked, { elapsedMs: () => elapsed, forMs: 200 })
  expect([await ask(), await ask()]).toEqual([1, 1])
  elapsed = 199
  expect(await ask()).toBe(1)
  elapsed = 200
  expect(await ask()).toBe(2)
})

test('what an address is holds at once, whoever changes it, and isn’t read again before', async () => {
  const { open, directory, ada, lookups } = it
  const elsewhere = (await open()).directory
  const first = await lookups.findAddress('ada@example.test')
  expect(first).toMatchObject({ via: 'address', inbox: { id: ada.id } })
  expect(await lookups.findAddress('ada@example.test')).toBe(first)
  expect(await lookups.findAddress('lovelace@example.test')).toBeUndefined()
  await elsewhere.addAlias(ada.id, { address: 'lovelace@example.test', by })
  expect(await lookups.findAddress('lovelace@example.test')).toMatchObject({ via: 'alias' })
  await directory.removeAlias(ada.id, { address: 'lovelace@example.test', by })
  expect(await lookups.findAddress('lovelace@example.test')).toBeUndefined()
  expect(await lookups.findDomain('other.test')).toBeUndefined()
  await elsewhere.createDomain({ environment: it.environment.id, name: 'other.test' })
  expect(await lookups.findDomain('other.test')).toMatchObject({ name: 'other.test' })
})
