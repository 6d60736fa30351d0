// Sending rules, routes and DKIM keys in the directory: what every engine must keep, refuse and log.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Directory, NewDkimKey, SendingChanges } from '../../src/directory/directory.js'
import type { Credential, Domain, Inbox, SendingRules, Tenant } from '../../src/directory/records.js'
import { type Bench, type MakeBench, refused, secret, settled } from './bench.js'

export function sendingContract(makeBench: MakeBench): void {
  let bench: Bench
  let directory: Directory
  let tenant: Tenant
  let domain: Domain
  let inbox: Inbox
  let credential: Credential

  beforeEach(async () => {
    bench = await makeBench()
    directory = bench.directory
    const home = await settled(bench)
    domain = home.domain
    tenant = await directory.getTenant(home.environment.tenant)
    inbox = await directory.createInbox({ domain: domain.id, address: 'alice@example.test' })
    const of = { environment: home.environment.id, inbox: inbox.id, secret: secret() }
    credential = await directory.createCredential({ ...of, kind: 'app', label: 'phone', scopes: ['smtp'] })
  })
  afterEach(() => bench.destroy())

  const lastAudit = async () => (await directory.listAudit({ newestFirst: true, limit: 1 })).items[0]

  describe('sending rules', () => {
    const holders = {
      tenant: (sending: SendingChanges) => directory.updateTenant(tenant.id, { sending }),
      domain: (sending: SendingChanges) => directory.updateDomain(domain.id, { sending }),
      inbox: (sending: SendingChanges) => directory.updateInbox(inbox.id, { sending }),
      credential: (sending: SendingChanges) => directory.updateCredential(credential.id, { sending }),
    }
    const all: Required<SendingRules> = {
      messageBytesMax: 20_971_520,
      recipientsMax: 100,
      sessionMsMax: 600_000,
      recipientsPerHour: 0,
      recipientsPerDay: 5_000,
      from: 'rewrite',
      malformed: 'mend',
      showClientAddress: true,
    }

    test.each(Object.entries(holders))(
      'a %s keeps them, changes one by one, and loses one to null',
      async (_, update) => {
        expect((await update(all)).sending).toEqual(all)
        expect((await update({ recipientsMax: 7, from: null, malformed: undefined })).sending).toEqual({
          ...Object.fromEntries(Object.entries(all).filter(([rule]) => rule !== 'from')),
          recipientsMax: 7,
        })
        const none = Object.fromEntries(Object.keys(all).map((rule) => [rule, null]))
        expect((await update(none)).sending).toEqual({})
      },
    )

    test.each(Object.entries(holders))('of a %s each change is logged and moves the version', async (what, update) => {
      const version = await directory.version()
      await update({ recipientsPerHour: 10, from: null })
      expect(await directory.version()).toBe(version + 1)
      const detail = expect.objectContaining({ sending: { recipientsPerHour: 10, from: null } })
      expect(await lastAudit()).toMatchObject({ action: `${what}.update`, tenant: tenant.id, detail })
    })

    test.each<[string, unknown]>([
      ['messageBytesMax', 1_023],
      ['messageBytesMax', 2 ** 31],
      ['recipientsMax', 0],
      ['recipientsMax', 1_001],
      ['recipientsMax', 1.5],
      ['recipientsMax', '50'],
      ['sessionMsMax', 999],
      ['sessionMsMax', 86_400_001],
      ['recipientsPerHour', -1],
      ['recipientsPerHour', Number.NaN],
      ['recipientsPerDay', 100_000_001],
      ['from', 'accept'],
      ['malformed', true],
      ['showClientAddress', 'yes'],
      ['perHour', 5],
      ['__proto__x', 5],
    ])('%s: %j is refused, and changes nothing', async (rule, value) => {
      const version = await directory.version()
      for (const update of Object.values(holders)) await refused(update({ [rule]: value }), 'invalid')
      await refused(
        directory.updateDomain(domain.id, { settings: { sending: { [rule]: value } as Record<string, never> } }),
        'invalid',
      )
      expect(await directory.version()).toBe(version)
      expect((await directory.getInbox(inbox.id)).sending).toEqual({})
    })

    test('an inbox and a credential may begin with some, which the log has', async () => {
      const sending = { recipientsPerHour: 10, from: undefined }
      const address = { domain: domain.id, address: 'bob@example.test' }
      expect((await directory.createInbox({ ...address, sending })).sending).toEqual({ recipientsPerHour: 10 })
      const logged = { detail: expect.objectContaining({ sending: { recipientsPerHour: 10 } }) }
      expect(await lastAudit()).toMatchObject({ action: 'inbox.create', ...logged })
      const of = { environment: domain.environment, grants: ['*'], kind: 'key', label: 'k', scopes: ['smtp'] } as const
      const made = await directory.createCredential({ ...of, secret: secret(), sending })
      expect(made.sending).toEqual({ recipientsPerHour: 10 })
      expect(await lastAudit()).toMatchObject({ action: 'credential.create', ...logged })
      const wrong = { recipientsMax: 0 }
      await refused(directory.createCredential({ ...of, secret: secret(), sending: wrong }), 'invalid')
      await refused(directory.createInbox({ ...address, address: 'eve@example.test', sending: wrong }), 'invalid')
    })

    test("a domain's are a key of its settings, beside the others", async () => {
      const settings = { sending: { recipientsMax: 9 }, retentionDays: { Trash: 30 } }
      const made = await directory.updateDomain(domain.id, { settings })
      expect(made).toMatchObject({ sending: { recipientsMax: 9 }, settings })
      const changed = await directory.updateDomain(domain.id, { sending: { recipientsMax: null } })
      expect(changed).toMatchObject({ sending: {}, settings: { retentionDays: { Trash: 30 } } })
      expect(changed.settings).not.toHaveProperty('sending')
    })

    test('a login finds those of its credential', async () => {
      await directory.updateCredential(credential.id, { sending: { recipientsPerDay: 3 } })
      const found = await directory.findSecret(credential.secrets[0]?.publicPart ?? '')
      expect(found?.credential.sending).toEqual({ recipientsPerDay: 3 })
    })
  })

  describe('routes', () => {
    test('a domain and an inbox keep what they are given, and lose it to null; the log has nothing of it', async () => {
      for (const [what, update] of [
        ['domain', (route: string | null) => directory.updateDomain(domain.id, { route })],
        ['inbox', (route: string | null) => directory.updateInbox(inbox.id, { route })],
      ] as const) {
        const version = await directory.version()
        expect((await update('v1.c2VhbGVk')).route).toBe('v1.c2VhbGVk')
        expect(await lastAudit()).toMatchObject({ action: `${what}.update`, detail: { route: 'set' } })
        expect(JSON.stringify(await lastAudit())).not.toContain('c2VhbGVk')
        expect((await update(null)).route).toBeUndefined()
        expect(await lastAudit()).toMatchObject({ detail: { route: 'removed' } })
        expect(await directory.version()).toBe(version + 2)
      }
      expect((await directory.listInboxes({ routed: true })).items).toEqual([])
      await directory.updateInbox(inbox.id, { route: 'kept' })
      expect((await directory.listInboxes({ routed: true })).items).toMatchObject([{ id: inbox.id, route: 'kept' }])
      expect((await directory.updateInbox(inbox.id, { displayName: 'A' })).route).toBe('kept')
    })

    test.each(['', 'two words', 'x\n', 'ü', 'x'.repeat(16_385)])('%j is refused', async (route) => {
      await refused(directory.updateDomain(domain.id, { route }), 'invalid')
      await refused(directory.updateInbox(inbox.id, { route }), 'invalid')
    })
  })

  describe('DKIM keys', () => {
    const key = (more: Partial<NewDkimKey> = {}): NewDkimKey => ({
      ...{ selector: 's1', algorithm: 'rsa-sha256', privateKey: 'v1.sealed', publicKey: 'MIIBIjAN' },
      ...more,
    })

    test('a domain has several, listed from the oldest; retired ones are told, removed ones are gone', async () => {
      const first = await directory.addDkimKey(domain.id, key({ selector: '2026' }))
      expect(first).toEqual({
        ...key({ selector: '2026' }),
        id: first.id,
        domain: domain.id,
        createdAt: bench.clock.now,
      })
      await directory.addDkimKey(domain.id, key({ selector: 'Ed.S2', algorithm: 'ed25519-sha256' }))
      bench.clock.now += 1_000
      const retired = await directory.retireDkimKey(domain.id, { selector: '2026' })
      expect(retired.retiredAt).toBe(bench.clock.now)
      bench.clock.now += 1_000
      expect(await directory.retireDkimKey(domain.id, { selector: '2026' })).toEqual(retired)
      expect((await directory.listDkimKeys(domain.id)).map(({ selector }) => selector)).toEqual(['2026', 'ed.s2'])
      await directory.removeDkimKey(domain.id, { selector: 'ED.s2' })
      expect(await directory.listDkimKeys(domain.id)).toEqual([retired])
      await refused(directory.retireDkimKey(domain.id, { selector: 'ed.s2' }), 'not-found')
      await refused(directory.removeDkimKey(domain.id, { selector: 'ed.s2' }), 'not-found')
    })

    test('each change is logged without the key, and moves the version', async () => {
      const version = await directory.version()
      await directory.addDkimKey(domain.id, key())
      expect(await lastAudit()).toMatchObject({ action: 'domain.dkim-add', object: domain.publicId })
      expect(JSON.stringify(await lastAudit())).not.toContain('sealed')
      await directory.retireDkimKey(domain.id, { selector: 's1' })
      expect(await lastAudit()).toMatchObject({ action: 'domain.dkim-retire', detail: { selector: 's1' } })
      await directory.removeDkimKey(domain.id, { selector: 's1' })
      expect(await lastAudit()).toMatchObject({ action: 'domain.dkim-remove', tenant: tenant.id })
      expect(await directory.version()).toBe(version + 3)
    })

    test('a selector is used once in a domain; a deleted domain takes its keys along', async () => {
      await directory.addDkimKey(domain.id, key())
      await refused(directory.addDkimKey(domain.id, key({ selector: 'S1' })), 'exists')
      const other = await directory.createDomain({ environment: domain.environment, name: 'other.test' })
      await directory.addDkimKey(other.id, key())
      await directory.deleteDomain(other.id)
      expect(await directory.listDkimKeys(other.id)).toEqual([])
      await refused(directory.addDkimKey(other.id, key()), 'not-found')
    })

    test('over the number of keys a domain may have is refused', async () => {
      for (let i = 0; i < 20; i++) await directory.addDkimKey(domain.id, key({ selector: `s${i}` }))
      await refused(directory.addDkimKey(domain.id, key({ selector: 'more' })), 'invalid')
    })

    test.each<Partial<NewDkimKey>>([
      { selector: '' },
      { selector: '-a' },
      { selector: 'a..b' },
      { selector: 'a_b' },
      { selector: 'x'.repeat(64) },
      { algorithm: 'rsa-sha1' as 'rsa-sha256' },
      { privateKey: '' },
      { privateKey: '-----BEGIN PRIVATE KEY-----\n' },
      { publicKey: '' },
      { publicKey: 'not base64!' },
      { publicKey: 'A'.repeat(2_049) },
    ])('%j is refused', async (wrong) => {
      await refused(directory.addDkimKey(domain.id, key(wrong)), 'invalid')
    })
  })
}
