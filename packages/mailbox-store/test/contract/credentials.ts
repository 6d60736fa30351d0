// Credentials and their secrets: what every engine must do.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NewCredential } from '../../src/directory/directory.js'
import type { Credential, Inbox, Scope } from '../../src/directory/records.js'
import type { EnvironmentId } from '../../src/model.js'
import { type Bench, type MakeBench, refused, secret, settled } from './bench.js'

export function credentialContract(makeBench: MakeBench): void {
  let bench: Bench
  let environment: EnvironmentId
  let ada: Inbox
  const make = (more: Partial<NewCredential> = {}): Promise<Credential> =>
    bench.directory.createCredential({
      kind: 'key',
      environment,
      label: 'a key',
      scopes: ['api'],
      grants: ['*'],
      secret: secret(),
      ...more,
    })

  beforeEach(async () => {
    bench = await makeBench()
    const home = await settled(bench)
    environment = home.environment.id
    ada = await bench.directory.createInbox({ domain: home.domain.id, address: 'ada@example.test' })
  })
  afterEach(() => bench.destroy())

  test('what a login needs comes in one read, by the public part', async () => {
    const own = secret()
    const made = await make({
      kind: 'app',
      inbox: ada.id,
      grants: undefined,
      scopes: ['smtp', 'imap', 'imap'],
      secret: own,
      anyUsername: true,
      networks: ['192.0.2.0/24', '2001:DB8::/32', '198.51.100.7'],
      expiresAt: 1_900_000_000_000,
    })
    expect(made).toMatchObject({
      kind: 'app',
      inbox: ada.id,
      grants: ['ada@example.test'],
      scopes: ['imap', 'smtp'],
      anyUsername: true,
      networks: ['192.0.2.0/24', '2001:db8::/32', '198.51.100.7/32'],
      expiresAt: 1_900_000_000_000,
    })
    expect(made.publicId).toMatch(/^cred_[0-9a-z]{20}$/)
    const found = await bench.directory.findSecret(own.publicPart)
    const tenant = (await bench.directory.getEnvironment(environment)).tenant
    expect(found).toMatchObject({ publicPart: own.publicPart, expiresAt: undefined, tenant, credential: made })
    expect(Buffer.from(found?.hash ?? [])).toEqual(Buffer.from(own.hash))
    expect(await bench.directory.findSecret('unknown')).toBeUndefined()
  })

  test('no record and no audit row shows a hash', async () => {
    const own = { publicPart: 'shown', hash: new TextEncoder().encode('the-hash-of-a-secret') }
    const made = await make({ secret: own })
    const shown = JSON.stringify([made, await bench.directory.listAudit()])
    expect(shown).not.toContain('hash-of')
    expect(shown).toContain('shown')
  })

  test.each<[string, Partial<NewCredential>]>([
    ['an app password for the API', { kind: 'app', scopes: ['imap', 'api'] }],
    ['no scope', { scopes: [] }],
    ['an unknown scope', { scopes: ['root' as Scope] }],
    ['an unknown kind', { kind: 'token' as 'key' }],
    ['no grant', { grants: [] }],
    ['no grant and no inbox', { grants: undefined }],
    ['two stars', { grants: ['*a*@example.test'] }],
    ['a star in the domain', { grants: ['a@*.test'] }],
    ['a star in both', { grants: ['*@*'] }],
    ['a grant that is no address', { grants: ['example.test'] }],
    ['a pattern that no address fits', { grants: ['a..*@example.test'] }],
    ['too many grants', { grants: Array.from({ length: 101 }, (_, i) => `a${i}@example.test`) }],
    ['a network without an address', { networks: ['/24'] }],
    ['a network that is too narrow', { networks: ['192.0.2.0/33'] }],
    ['a network with a name', { networks: ['localhost'] }],
    ['a network with two masks', { networks: ['192.0.2.0/24/8'] }],
    ['a network with a zone', { networks: ['fe80::1%eth0'] }],
    ['any user name without an inbox', { anyUsername: true }],
    ['no label', { label: ' ' }],
    ['a short hash', { secret: { publicPart: 'p', hash: new Uint8Array(15) } }],
    ['a public part that is none', { secret: { publicPart: 'a b', hash: new Uint8Array(32) } }],
  ])('%s is refused', async (_, wrong) => {
    await refused(make(wrong), 'invalid')
    expect((await bench.directory.listCredentials()).items).toEqual([])
  })

  test.each([
    ['*', '*'],
    ['*@EXAMPLE.test', '*@example.test'],
    ['Support-*@example.test', 'support-*@example.test'],
    ['*-bot@bücher.test', '*-bot@xn--bcher-kva.test'],
    ['"ada"@example.test', 'ada@example.test'],
  ])('the grant %s is kept as %s', async (given, kept) => {
    expect((await make({ grants: [given, kept] })).grants).toEqual([kept])
  })

  test('an inbox of another environment is refused', async () => {
    const { environment: staging } = await bench.directory.ensureDefault({ tenant: 'default', environment: 'staging' })
    await refused(make({ environment: staging.id, inbox: ada.id }), 'invalid')
  })

  test('a public part is one secret only', async () => {
    const own = secret()
    const made = await make({ secret: own })
    await refused(make({ secret: own }), 'exists')
    await refused(bench.directory.addSecret(made.id, { secret: own, overlapMs: 0 }), 'exists')
    expect((await bench.directory.getCredential(made.id)).secrets).toMatchObject([{ expiresAt: undefined }])
  })

  test('rotation: the old secret ends with the overlap, and no later rotation lengthens it', async () => {
    const [a, b, c] = [secret(), secret(), secret()]
    const { id } = await make({ secret: a })
    const { now } = bench.clock
    await bench.directory.addSecret(id, { secret: b, overlapMs: 1_000 })
    await bench.directory.addSecret(id, { secret: c, overlapMs: 5_000 })
    const ends = async ({ publicPart }: { publicPart: string }): Promise<number | undefined> =>
      (await bench.directory.findSecret(publicPart))?.expiresAt
    expect([await ends(a), await ends(b), await ends(c)]).toEqual([now + 1_000, now + 5_000, undefined])
    await refused(bench.directory.addSecret(id, { secret: secret(), overlapMs: 31 * 86_400_000 }), 'invalid')
    await refused(bench.directory.addSecret(id, { secret: secret(), overlapMs: -1 }), 'invalid')
  })

  test('of many rotations the last ten secrets are remembered', async () => {
    const first = secret()
    const { id } = await make({ secret: first })
    for (let i = 0; i < 12; i++) {
      bench.clock.now += 1
      await bench.directory.addSecret(id, { secret: secret(), overlapMs: 0 })
    }
    const { secrets } = await bench.directory.getCredential(id)
    expect(secrets).toHaveLength(10)
    expect(secrets.filter(({ expiresAt }) => expiresAt === undefined)).toHaveLength(1)
    expect(await bench.directory.findSecret(first.publicPart)).toBeUndefined()
  })

  test('a revoked one is still found, so that the cause can be told, and cannot be changed', async () => {
    const own = secret()
    const { id } = await make({ secret: own })
    const other = await make()
    const { revokedAt } = await bench.directory.revokeCredential(id)
    expect(revokedAt).toBe(bench.clock.now)
    bench.clock.now += 1
    expect((await bench.directory.revokeCredential(id)).revokedAt).toBe(revokedAt)
    expect((await bench.directory.findSecret(own.publicPart))?.credential.revokedAt).toBe(revokedAt)
    await refused(bench.directory.updateCredential(id, { label: 'again' }), 'invalid')
    await refused(bench.directory.addSecret(id, { secret: secret(), overlapMs: 0 }), 'invalid')
    expect((await bench.directory.listCredentials({ revoked: false })).items).toEqual([other])
    expect((await bench.directory.listCredentials({ revoked: true })).items).toHaveLength(1)
  })

  test('it is changed field by field, by the rules of its kind', async () => {
    const { id } = await make({ kind: 'app', inbox: ada.id, scopes: ['imap'], expiresAt: 5 })
    expect(
      await bench.directory.updateCredential(id, { scopes: ['imap:read'], quietReadOnly: true, expiresAt: null }),
    ).toMatchObject({ scopes: ['imap:read'], quietReadOnly: true, expiresAt: undefined, label: 'a key' })
    await refused(bench.directory.updateCredential(id, { scopes: ['admin'] }), 'invalid')
    await refused(bench.directory.updateCredential(id, { expiresAt: Number.NaN }), 'invalid')
  })

  test('lists are of one environment or of one inbox', async () => {
    const { environment: staging } = await bench.directory.ensureDefault({ tenant: 'default', environment: 'staging' })
    const own = await make({ inbox: ada.id })
    await make()
    const elsewhere = await make({ environment: staging.id })
    expect((await bench.directory.listCredentials({ environment: staging.id })).items).toEqual([elsewhere])
    expect((await bench.directory.listCredentials({ inbox: ada.id })).items).toEqual([own])
    const first = await bench.directory.listCredentials({ environment, limit: 1 })
    expect(first.items).toEqual([own])
    expect((await bench.directory.listCredentials({ environment, limit: 1, afterId: first.next })).next).toBeUndefined()
  })

  test('a deleted one is gone with its secrets, and the log remembers it', async () => {
    const own = secret()
    const { id, publicId } = await make({ secret: own })
    await bench.directory.deleteCredential(id, { by: { name: 'operator' } })
    expect(await bench.directory.findSecret(own.publicPart)).toBeUndefined()
    await refused(bench.directory.getCredential(id), 'not-found')
    const { items } = await bench.directory.listAudit({ newestFirst: true, limit: 1 })
    expect(items).toMatchObject([{ action: 'credential.delete', object: publicId, detail: { label: 'a key' } }])
  })

  describe('the password of an inbox', () => {
    const passwords = async (): Promise<readonly Credential[]> =>
      (await bench.directory.listCredentials({ inbox: ada.id })).items.filter((each) => each.inboxPassword)

    test('comes with the inbox, in the same commit', async () => {
      const own = secret()
      const password = { domain: ada.domain, address: 'bob@example.test', password: own }
      const bob = await bench.directory.createInbox(password)
      expect(await bench.directory.findSecret(own.publicPart)).toMatchObject({
        credential: {
          kind: 'app',
          inbox: bob.id,
          scopes: ['imap', 'smtp'],
          grants: ['bob@example.test'],
          inboxPassword: true,
        },
      })
      const taken = { domain: ada.domain, address: 'carol@example.test', password: own }
      await refused(bench.directory.createInbox(taken), 'exists')
      expect(await bench.directory.findAddress('carol@example.test')).toBeUndefined()
    })

    test('a new one ends the old one at once, and leaves the other credentials alone', async () => {
      const [first, second, phone] = [secret(), secret(), secret()]
      await bench.directory.setInboxPassword(ada.id, { secret: first })
      await make({ kind: 'app', inbox: ada.id, grants: undefined, scopes: ['imap'], secret: phone })
      await bench.directory.setInboxPassword(ada.id, { secret: second })
      expect((await bench.directory.findSecret(first.publicPart))?.expiresAt).toBe(bench.clock.now)
      expect((await bench.directory.findSecret(second.publicPart))?.expiresAt).toBeUndefined()
      expect((await bench.directory.findSecret(phone.publicPart))?.expiresAt).toBeUndefined()
      expect(await passwords()).toHaveLength(1)
    })

    test('a new one works also where the old one was disabled, had ended, or was revoked', async () => {
      const { id } = await bench.directory.setInboxPassword(ada.id, { secret: secret() })
      await bench.directory.updateCredential(id, { disabled: true, expiresAt: 5 })
      expect(await bench.directory.setInboxPassword(ada.id, { secret: secret() })).toMatchObject({
        id,
        disabled: false,
        expiresAt: undefined,
      })
      await bench.directory.revokeCredential(id)
      const again = await bench.directory.setInboxPassword(ada.id, { secret: secret() })
      expect(again.id).not.toBe(id)
      expect(again.revokedAt).toBeUndefined()
    })

    test('is one, an app password of its inbox', async () => {
      const like = { kind: 'app', inbox: ada.id, grants: undefined, scopes: ['imap'], inboxPassword: true } as const
      await make(like)
      await refused(make(like), 'exists')
      await refused(make({ ...like, inbox: undefined, grants: ['*'] }), 'invalid')
      await refused(make({ ...like, kind: 'key' }), 'invalid')
    })
  })

  describe('last used', () => {
    const used = (at: number, client?: string) => ({ at, protocol: 'imap', network: '192.0.2.0/24', client })

    test('many at once are one write, the last of each credential', async () => {
      const a = await make()
      const b = await make()
      await Promise.all([
        bench.directory.touchCredential(a.id, used(1_000, 'Mail')),
        bench.directory.touchCredential(b.id, used(1_001)),
        bench.directory.touchCredential(a.id, used(1_002, 'Outlook')),
      ])
      expect((await bench.directory.getCredential(a.id)).lastUsed).toEqual(used(1_002, 'Outlook'))
      expect((await bench.directory.getCredential(b.id)).lastUsed).toEqual(used(1_001))
    })

    test('the same client again is written after half a minute, and time never goes back', async () => {
      const { id } = await make()
      const lastUsed = async (): Promise<number | undefined> => (await bench.directory.getCredential(id)).lastUsed?.at
      await bench.directory.touchCredential(id, used(1_000))
      bench.clock.now += 29_999
      await bench.directory.touchCredential(id, used(30_999))
      expect(await lastUsed()).toBe(1_000)
      bench.clock.now += 1
      await bench.directory.touchCredential(id, used(31_000))
      expect(await lastUsed()).toBe(31_000)
      await bench.directory.touchCredential(id, used(500, 'slow clock'))
      expect(await lastUsed()).toBe(31_000)
    })

    test('a failed write is not the end of it', async () => {
      const { id } = await make()
      bench.fault.on = 'commit'
      await refused(bench.directory.touchCredential(id, used(1_000)), 'disk-full')
      bench.fault.on = undefined
      await bench.directory.touchCredential(id, used(2_000, 'next'))
      expect((await bench.directory.getCredential(id)).lastUsed?.at).toBe(2_000)
    })
  })
}
