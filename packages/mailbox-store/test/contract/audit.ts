// The audit log and the directory's version: what every engine must do. That each kind of change writes its row is in the
// suites of the directory and of the credentials.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Directory, RefusedLogin } from '../../src/directory/directory.js'
import type { AuditEntry, Credential, Inbox } from '../../src/directory/records.js'
import type { AccountId, CredentialId, DomainId, EnvironmentId, TenantId } from '../../src/model.js'
import { type Bench, type MakeBench, refused, secret, settled } from './bench.js'

const minuteMs = 60_000
const dayMs = 86_400_000

export function auditContract(makeBench: MakeBench): void {
  let bench: Bench
  let directory: Directory
  let tenant: TenantId
  let environment: EnvironmentId
  let domain: DomainId

  beforeEach(async () => {
    bench = await makeBench()
    directory = bench.directory
    const home = await settled(bench)
    environment = home.environment.id
    tenant = home.environment.tenant
    domain = home.domain.id
  })
  afterEach(() => bench.destroy())

  const newest = async (limit = 500): Promise<readonly AuditEntry[]> =>
    (await directory.listAudit({ newestFirst: true, limit })).items

  describe('the version', () => {
    const made: { inbox: Inbox; credential: Credential } = {} as never
    const changes: [string, () => Promise<unknown>][] = [
      ['a tenant', () => directory.createTenant({ name: 'acme' })],
      ['its name', () => directory.renameTenant(tenant, { name: 'first' })],
      ['an environment', () => directory.createEnvironment({ tenant, name: 'staging' })],
      ['its name', () => directory.renameEnvironment(environment, { name: 'live' })],
      ['a domain', () => directory.createDomain({ environment, name: 'more.test' })],
      ['its mode', () => directory.updateDomain(domain, { mode: 'zero-retention' })],
      ['its other name', () => directory.addDomainAlias(domain, { name: 'other.test' })],
      ['that taken away', () => directory.removeDomainAlias(domain, { name: 'other.test' })],
      ['its verification', () => directory.markDomainVerified(domain, { how: 'dns' })],
      [
        'an inbox',
        async () => {
          made.inbox = await directory.createInbox({ domain, address: 'a@example.test' })
        },
      ],
      ['its switch', () => directory.updateInbox(made.inbox.id, { disabled: true })],
      ['its alias', () => directory.addAlias(made.inbox.id, { address: 'b@example.test' })],
      ['that taken away', () => directory.removeAlias(made.inbox.id, { address: 'b@example.test' })],
      ['its password', () => directory.setInboxPassword(made.inbox.id, { secret: secret() })],
      [
        'a credential',
        async () => {
          const like = { kind: 'key', environment, label: 'x', scopes: ['api'], grants: ['*'] } as const
          made.credential = await directory.createCredential({ ...like, secret: secret() })
        },
      ],
      ['its label', () => directory.updateCredential(made.credential.id, { label: 'y' })],
      ['its secret', () => directory.addSecret(made.credential.id, { secret: secret(), overlapMs: 0 })],
      ['its end', () => directory.revokeCredential(made.credential.id)],
      ['that taken away', () => directory.deleteCredential(made.credential.id)],
      ['the inbox taken away', () => directory.deleteInbox(made.inbox.id)],
      ['the domain taken away', () => directory.deleteDomain(domain)],
    ]

    test('moves with every change, and another process sees it at once', async () => {
      const other = bench.node().directory
      let before = await other.version()
      for (const [what, change] of changes) {
        await change()
        const now = await other.version()
        expect(now, what).toBeGreaterThan(before)
        before = now
      }
    })

    test('stays with what changes nothing: a refusal, a last use, a refused login, a look', async () => {
      const like = { kind: 'key', environment, label: 'x', scopes: ['api'], grants: ['*'] } as const
      const { id } = await directory.createCredential({ ...like, secret: secret() })
      const before = await directory.version()
      await refused(directory.createDomain({ environment, name: 'example.test' }), 'exists')
      await directory.touchCredential(id, { at: 1, protocol: 'imap', network: '192.0.2.1', client: undefined })
      await directory.noteRefusedLogin(login())
      await directory.appendAudit({ action: 'mail.export', object: 'x' })
      await directory.listCredentials()
      await directory.pruneAudit({ before: 0 })
      expect(await directory.version()).toBe(before)
    })
  })

  const login = (more: Partial<RefusedLogin> = {}): RefusedLogin => ({
    cause: 'wrong secret',
    protocol: 'imap',
    user: 'ada@example.test',
    address: '192.0.2.7',
    network: '192.0.2.0/24',
    correlation: 'c-17',
    ...more,
  })

  describe('a refused login', () => {
    test('has a row with its true cause, where from, and the id that the log line has', async () => {
      await directory.noteRefusedLogin(login({ credential: { publicId: 'cred_1' }, tenant }))
      expect(await newest(1)).toMatchObject([
        {
          action: 'login.refused',
          actor: 'cred_1',
          object: 'ada@example.test',
          tenant,
          network: '192.0.2.7',
          correlation: 'c-17',
          at: bench.clock.now,
          detail: { cause: 'wrong secret', protocol: 'imap', network: '192.0.2.0/24' },
        },
      ])
      await directory.noteRefusedLogin(login())
      expect(await newest(1)).toMatchObject([{ actor: 'unknown', tenant: undefined }])
    })

    test.each([
      ['ps_app_0123456789_abcdefghjkmnpqrstvwxyz0123', 'ps_app_…'],
      ['x PS_KEY_0123456789_abc', 'x ps_key_…'],
      ['Ada\u0000\r\n\u202e@Example.test', 'ada\ufffd\ufffd\ufffd\ufffd@example.test'],
      ['\ud800@example.test', '\ufffd@example.test'],
      ['a'.repeat(10_000), 'a'.repeat(200)],
      ['', ''],
    ])('of the user name %j keeps %j', async (user, object) => {
      await directory.noteRefusedLogin(login({ user }))
      expect(await newest(1)).toMatchObject([{ object }])
    })

    test('over 20 of one network in a minute is counted, and the next row says how many', async () => {
      const rows = async (): Promise<readonly AuditEntry[]> =>
        (await newest()).filter(({ action }) => action === 'login.refused')
      for (let i = 0; i < 50; i++) await directory.noteRefusedLogin(login())
      expect(await rows()).toHaveLength(20)
      await directory.noteRefusedLogin(login({ network: '198.51.100.0/24' }))
      expect((await rows())[0]).toMatchObject({ detail: { leftOut: 30, network: '198.51.100.0/24' } })
      bench.clock.now += minuteMs
      await directory.noteRefusedLogin(login())
      expect(await rows()).toHaveLength(22)
      expect((await rows())[0]?.detail).not.toHaveProperty('leftOut')
    })

    test('over 600 of all networks in a minute is counted', async () => {
      const tries = Array.from({ length: 700 }, (_, i) => login({ network: `2001:db8:${i.toString(16)}::/48` }))
      await Promise.all(tries.map((each) => directory.noteRefusedLogin(each)))
      const first = await directory.listAudit({ newestFirst: true, limit: 500 })
      const second = await directory.listAudit({ newestFirst: true, limit: 500, afterId: first.next })
      const all = [...first.items, ...second.items].filter(({ action }) => action === 'login.refused')
      expect(all).toHaveLength(600)
    })
  })

  describe('the list', () => {
    test('is of some objects, since a moment', async () => {
      const { publicId } = await directory.createInbox({ domain, address: 'ada@example.test' })
      bench.clock.now += minuteMs
      await directory.noteRefusedLogin(login())
      await directory.noteRefusedLogin(login({ user: 'bob@example.test' }))
      const actions = async (filter: Parameters<Directory['listAudit']>[0]): Promise<string[]> =>
        (await directory.listAudit(filter)).items.map(({ action }) => action)
      const objects = [publicId, 'ada@example.test']
      expect(await actions({ objects })).toEqual(['inbox.create', 'login.refused'])
      expect(await actions({ objects, since: bench.clock.now })).toEqual(['login.refused'])
      expect(await actions({ since: bench.clock.now })).toHaveLength(2)
      expect(await actions({ since: bench.clock.now + 1 })).toEqual([])
      expect(await actions({ objects: [] })).toEqual([])
      const page = await directory.listAudit({ objects, newestFirst: true, limit: 1 })
      expect(await actions({ objects, newestFirst: true, limit: 1, afterId: page.next })).toEqual(['inbox.create'])
    })
  })

  describe('pruning', () => {
    test('removes what is older, in slices, and nothing else', async () => {
      const at = bench.clock.now
      for (let i = 0; i < 600; i++) void directory.appendAudit({ action: 'mail.export', object: 'old' })
      await directory.appendAudit({ action: 'mail.export', object: 'old' })
      bench.clock.now = at + 90 * dayMs
      await directory.appendAudit({ action: 'mail.export', object: 'new' })
      expect(await directory.pruneAudit({ before: at })).toBe(false)
      expect((await newest()).length).toBe(500)
      expect(await directory.pruneAudit({ before: at + 1 })).toBe(true)
      expect(await directory.pruneAudit({ before: at + 1 })).toBe(false)
      expect((await newest()).map(({ object }) => object)).toEqual(['new'])
    })

    test('a number is not given twice, so that a cursor stays where it was', async () => {
      const [last] = await newest(1)
      bench.clock.now += dayMs
      await directory.pruneAudit({ before: bench.clock.now })
      await directory.appendAudit({ action: 'mail.export', object: 'new' })
      expect((await newest(1))[0]?.id).toBeGreaterThan(last?.id as number)
    })
  })

  test('what is gone is refused, not invented', async () => {
    await refused(directory.deleteCredential(999 as CredentialId), 'not-found')
    await refused(directory.setInboxPassword(999 as AccountId, { secret: secret() }), 'not-found')
    await refused(directory.deleteTenant(999 as TenantId), 'not-found')
    await refused(directory.deleteEnvironment(999 as EnvironmentId), 'not-found')
  })
}
