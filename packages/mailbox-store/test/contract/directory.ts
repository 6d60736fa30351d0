// The directory: what every engine must do with tenants, domains, inboxes, addresses and the audit log. Credentials
// have a suite of their own.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Directory } from '../../src/directory/directory.js'
import type { Inbox } from '../../src/directory/records.js'
import type { AccountId, DomainId, EnvironmentId } from '../../src/model.js'
import { type Bench, type MakeBench, prepared, refused, secret, settled } from './bench.js'

export function directoryContract(makeBench: MakeBench): void {
  let bench: Bench
  let environment: EnvironmentId
  let domain: DomainId
  let directory: Directory
  const inbox = (address: string, more = {}): Promise<Inbox> => directory.createInbox({ domain, address, ...more })

  beforeEach(async () => {
    bench = await makeBench()
    directory = bench.directory
    const home = await settled(bench)
    environment = home.environment.id
    domain = home.domain.id
  })
  afterEach(() => bench.destroy())

  describe('tenants and environments', () => {
    test('ensureDefault makes them once, also when two ask at once', async () => {
      const ask = { tenant: 'acme', environment: 'production' }
      const [first, second] = await Promise.all([directory.ensureDefault(ask), directory.ensureDefault(ask)])
      expect(second).toEqual(first)
      expect(first.environment.tenant).toBe(first.tenant.id)
      expect((await directory.listTenants()).items.map(({ name }) => name)).toEqual(['default', 'acme'])
    })

    test('names are unique, among tenants and within one', async () => {
      const acme = await directory.createTenant({ name: ' acme ' })
      expect(acme.name).toBe('acme')
      await refused(directory.createTenant({ name: 'acme' }), 'exists')
      await refused(directory.renameTenant(acme.id, { name: 'default' }), 'exists')
      const production = await directory.createEnvironment({ tenant: acme.id, name: 'production' })
      await refused(directory.createEnvironment({ tenant: acme.id, name: 'production' }), 'exists')
      expect(await directory.renameEnvironment(production.id, { name: 'live' })).toMatchObject({ name: 'live' })
      expect(await directory.getEnvironment(production.publicId)).toMatchObject({ id: production.id, name: 'live' })
      expect((await directory.listEnvironments({ tenant: acme.id })).items).toHaveLength(1)
    })

    test('one without domains is deleted with its environments and credentials; the first one stays', async () => {
      const acme = await directory.ensureDefault({ tenant: 'acme', environment: 'production' })
      const like = { kind: 'key', label: 'x', scopes: ['api'], grants: ['*'] } as const
      const key = await directory.createCredential({ ...like, environment: acme.environment.id, secret: secret() })
      const staging = await directory.createEnvironment({ tenant: acme.tenant.id, name: 'staging' })
      const home = await directory.createDomain({ environment: staging.id, name: 'staging.test' })
      await refused(directory.deleteEnvironment(staging.id), 'invalid')
      await refused(directory.deleteTenant(acme.tenant.id), 'invalid')
      expect(await directory.getCredential(key.id), 'a refused deletion deletes nothing').toEqual(key)
      await directory.deleteDomain(home.id)
      await directory.deleteEnvironment(staging.id)
      await refused(directory.getEnvironment(staging.id), 'not-found')
      await directory.deleteTenant(acme.tenant.id)
      await refused(directory.getTenant(acme.tenant.id), 'not-found')
      await refused(directory.getCredential(key.id), 'not-found')
      const { tenant } = await directory.getEnvironment(environment)
      await refused(directory.deleteEnvironment(environment), 'invalid')
      await refused(directory.deleteTenant(tenant), 'invalid')
    })

    test.each(['', '  ', 'a\nb', '\u0000', '\ud800', 'x'.repeat(201)])('the name %j is refused', async (name) => {
      await refused(directory.createTenant({ name }), 'invalid')
    })
  })

  describe('domains', () => {
    test.each([
      ['Bücher.Example', 'xn--bcher-kva.example'],
      ['EXAMPLE.org.', 'example.org'],
      ['例え。jp', 'xn--r8jz45g.jp'],
      ['localhost', 'localhost'],
    ])('%j is kept as %s and found in any spelling', async (given, name) => {
      const made = await directory.createDomain({ environment, name: given })
      expect(made.name).toBe(name)
      for (const spelling of [given, name, name.toUpperCase(), `${name}.`])
        expect((await directory.findDomain(spelling))?.id).toBe(made.id)
      await refused(directory.createDomain({ environment, name }), 'exists')
    })

    test.each([
      '',
      '.',
      'a..b',
      '-a.test',
      'a-.test',
      'a_b.test',
      'a b.test',
      'a/b',
      'a@b.test',
      'xn--a.test',
      '192.0.2.1',
      '0x7f.1',
      '[192.0.2.1]',
      'a\u0000.test',
      '*.test',
      `${'a'.repeat(64)}.test`,
      `${'a.'.repeat(127)}test`,
    ])('the name %j is refused', async (name) => {
      await refused(directory.createDomain({ environment, name }), 'invalid')
      expect(await directory.findDomain(name)).toBeUndefined()
    })

    test('a new one retains mail, takes only known addresses, and is not verified', async () => {
      const made = await directory.createDomain({ environment, name: 'new.test' })
      expect(made).toMatchObject({
        mode: 'retained',
        catchAll: false,
        verifiedAt: undefined,
        settings: {},
        aliases: [],
      })
      expect(made.verificationToken).toMatch(/^[0-9a-z]{32}$/)
      bench.clock.now += 5
      expect(await directory.markDomainVerified(made.id, { how: 'dns' })).toMatchObject({
        verifiedBy: 'dns',
        verifiedAt: bench.clock.now,
      })
    })

    test('settings change key by key, null takes one away, unknown ones stay', async () => {
      await directory.updateDomain(domain, { settings: { retentionDays: { Trash: 30 }, later: { deep: [1] } } })
      const now = await directory.updateDomain(domain, {
        mode: 'encrypted',
        settings: { retentionDays: null, publicKey: 'k' },
      })
      expect(now).toMatchObject({ mode: 'encrypted', settings: { later: { deep: [1] }, publicKey: 'k' } })
      expect(now.settings.retentionDays).toBeUndefined()
      const keyless = directory.updateDomain(domain, { settings: { publicKey: null } })
      await refused(keyless, 'invalid')
      await directory.updateDomain(domain, { mode: 'retained', settings: { publicKey: null } })
      await refused(directory.updateDomain(domain, { mode: 'encrypted' }), 'invalid')
      await refused(directory.updateDomain(domain, { settings: { big: 'x'.repeat(65_536) } }), 'invalid')
      await refused(directory.updateDomain(domain, { mode: 'lost' as 'retained' }), 'invalid')
      expect((await directory.updateDomain(domain, { settings: { dmarc: 'spam' } })).settings.dmarc).toBe('spam')
      await refused(directory.updateDomain(domain, { settings: { dmarc: 'loud' } }), 'invalid')
    })

    test('another name leads to the domain, and belongs to one only', async () => {
      await directory.addDomainAlias(domain, { name: 'Other.Test' })
      expect((await directory.findDomain('other.test'))?.id).toBe(domain)
      await refused(directory.createDomain({ environment, name: 'other.test' }), 'exists')
      await refused(directory.addDomainAlias(domain, { name: 'example.test' }), 'exists')
      expect((await directory.removeDomainAlias(domain, { name: 'other.test' })).aliases).toEqual([])
      await refused(directory.removeDomainAlias(domain, { name: 'other.test' }), 'not-found')
    })

    test('it is deleted only when it is empty, and takes its uid space and aliases along', async () => {
      const { id } = await inbox('a@example.test')
      await refused(directory.deleteDomain(domain), 'invalid')
      const other = await directory.createDomain({ environment, name: 'other.test' })
      await directory.addAlias(id, { address: 'a@other.test' })
      const before = bench.probe.spaces()
      await directory.deleteDomain(other.id)
      expect(bench.probe.spaces()).toBe(before - 1)
      expect((await directory.getInbox(id)).aliases).toEqual([])
      await refused(directory.getDomain(other.id), 'not-found')
      await directory.deleteInbox(id)
      await directory.deleteDomain(domain)
      expect((await directory.createDomain({ environment, name: 'example.test' })).id).not.toBe(domain)
    })
  })

  describe('inboxes', () => {
    test('a new one has its mailboxes in the same commit, its INBOX in the space of the domain', async () => {
      const a = await inbox('A@Example.Test', { displayName: 'Ada' })
      const b = await inbox('b@example.test')
      expect(a).toMatchObject({ address: 'a@example.test', displayName: 'Ada', plusAddressing: true, usedBytes: 0 })
      expect(a.publicId).toMatch(/^inb_[0-9a-z]{20}$/)
      expect(bench.probe.mailboxes(a.id)).toEqual(['Archive', 'Drafts', 'INBOX', 'Sent', 'Spam', 'Trash'])
      expect(bench.probe.place(a.id, 'INBOX').uidValidity).toBe(bench.probe.place(b.id, 'INBOX').uidValidity)
      expect(await directory.getInbox(a.publicId)).toEqual(a)
    })

    test('nothing of it is there when the disk is full', async () => {
      bench.fault.on = 'commit'
      await refused(inbox('a@example.test'), 'disk-full')
      bench.fault.on = undefined
      expect((await directory.listInboxes()).items).toEqual([])
      const { items } = await directory.listAudit()
      expect(items.map(({ action }) => action)).not.toContain('inbox.create')
      expect((await inbox('a@example.test')).address).toBe('a@example.test')
    })

    test.each([
      ['Ada.Lovelace@EXAMPLE.test', 'ada.lovelace@example.test'],
      ['"ada"@example.test', 'ada@example.test'],
      ['"ada lovelace"@example.test', '"ada lovelace"@example.test'],
      ['"a\\d\\"a"@example.test', '"ad\\"a"@example.test'],
      ['"a@b"@example.test', '"a@b"@example.test'],
      ["o'neil+x=y@example.test", "o'neil+x=y@example.test"],
      ['用户@example.test', '用户@example.test'],
      ['JOSE\u0301@example.test', 'jos\u00e9@example.test'],
      [`${'a'.repeat(64)}@example.test`, `${'a'.repeat(64)}@example.test`],
    ])('the address %j is kept as %j', async (given, address) => {
      expect((await inbox(given)).address).toBe(address)
      await refused(inbox(address), 'exists')
      expect(await directory.findAddress(given)).toMatchObject({ via: 'address', inbox: { address } })
    })

    test.each([
      '',
      '@',
      'a',
      '@example.test',
      'a@',
      '.a@example.test',
      'a.@example.test',
      'a..b@example.test',
      'a b@example.test',
      'a@b@example.test',
      '"a@example.test',
      '"a"b"@example.test',
      '""@example.test',
      '<a@example.test>',
      'a,b@example.test',
      'a\r\nb@example.test',
      '"a\nb"@example.test',
      'a\u0000@example.test',
      'a\u202eb@example.test',
      '\ud800@example.test',
      'a\u200bb@example.test',
      'a\u00a0b@example.test',
      `${'a'.repeat(65)}@example.test`,
      `${'ä'.repeat(33)}@example.test`,
      '*@example.test',
      'sales-*@example.test',
      'a@[192.0.2.1]',
      'a@other.test',
      'a@example.test.evil.test',
    ])('the address %j is refused', async (address) => {
      await refused(inbox(address), 'invalid')
    })

    test('an address of 254 bytes is the longest', async () => {
      const long = [...Array(3).fill('b'.repeat(60)), 'example'].join('.')
      const { id } = await directory.createDomain({ environment, name: long })
      const local = 'a'.repeat(254 - 1 - long.length)
      expect((await directory.createInbox({ domain: id, address: `${local}@${long}` })).address).toHaveLength(254)
      await refused(directory.createInbox({ domain: id, address: `${local}a@${long}` }), 'invalid')
    })

    test('it is changed field by field, and null takes a value away', async () => {
      const { id } = await inbox('a@example.test', { quotaBytes: 100, displayName: 'Ada' })
      expect((await directory.updateInbox(id, { publicKey: 'k' })).publicKey).toBe('k')
      expect((await directory.updateInbox(id, { disabled: false })).publicKey).toBe('k')
      expect((await directory.updateInbox(id, { publicKey: null })).publicKey).toBeUndefined()
      await refused(directory.updateInbox(id, { publicKey: 'k'.repeat(32_769) }), 'invalid')
      expect(await directory.updateInbox(id, { disabled: true, displayName: null })).toMatchObject({
        disabled: true,
        displayName: undefined,
        quotaBytes: 100,
      })
      await refused(directory.updateInbox(id, { quotaBytes: -1 }), 'invalid')
      await refused(directory.updateInbox(id, { quotaBytes: 1.5 }), 'invalid')
    })

    test('a new quota holds for the next message', async () => {
      const { id } = await inbox('a@example.test', { quotaMessages: 1 })
      await bench.probe.append(id, 'INBOX', prepared('one'))
      await refused(bench.probe.append(id, 'INBOX', prepared('two')), 'over-quota')
      await directory.updateInbox(id, { quotaMessages: 2 })
      await bench.probe.append(id, 'INBOX', prepared('two'))
      expect(await directory.getInbox(id)).toMatchObject({ usedMessages: 2, usedBytes: 6 })
    })

    test('deleting leaves nothing: mail becomes garbage, rows are gone, and its credentials with it', async () => {
      const { id } = await inbox('a@example.test')
      const other = await inbox('b@example.test')
      await directory.addAlias(id, { address: 'alias@example.test' })
      const made = await directory.createCredential({
        kind: 'app',
        environment,
        inbox: id,
        label: 'phone',
        scopes: ['imap'],
        secret: secret(),
      })
      await bench.probe.append(id, 'INBOX', prepared('one'))
      await bench.probe.append(other.id, 'INBOX', prepared('kept'))
      await bench.probe.append(id, 'Sent', prepared('two'))
      const messages = [...bench.probe.entries(id, 'INBOX'), ...bench.probe.entries(id, 'Sent')].map(
        ({ message }) => message,
      )
      const spaces = bench.probe.spaces()
      await directory.deleteInbox(id)
      expect(bench.probe.garbage().sort()).toEqual(messages.sort())
      expect(bench.probe.rowsOfAccount(id)).toBe(0)
      expect(bench.probe.spaces()).toBe(spaces - 5)
      expect(bench.probe.entries(other.id, 'INBOX')).toHaveLength(1)
      await refused(directory.getCredential(made.id), 'not-found')
      await refused(directory.getInbox(id), 'not-found')
      expect(await directory.findAddress('alias@example.test')).toBeUndefined()
    })

    test('an address that is made again goes on with new uids', async () => {
      const first = await inbox('a@example.test')
      for (const text of ['1', '2', '3']) await bench.probe.append(first.id, 'INBOX', prepared(text))
      const before = bench.probe.place(first.id, 'INBOX')
      await directory.deleteInbox(first.id)
      const again = await inbox('a@example.test')
      expect(again.id).not.toBe(first.id)
      expect(bench.probe.place(again.id, 'INBOX')).toEqual(before)
      expect(await bench.probe.append(again.id, 'INBOX', prepared('4'))).toBe(4)
    })

    test('legal hold forbids deleting', async () => {
      const { id } = await inbox('a@example.test')
      await directory.updateInbox(id, { legalHold: true })
      await refused(directory.deleteInbox(id), 'invalid')
      await directory.updateInbox(id, { legalHold: false })
      await directory.deleteInbox(id)
      await refused(directory.deleteInbox(id), 'not-found')
    })
  })

  describe('addresses', () => {
    test.each([
      ['ada@example.test', 'address'],
      ['ADA@EXAMPLE.TEST.', 'address'],
      ['countess@example.test', 'alias'],
      ['ada+news@example.test', 'plus'],
      ['countess+news@example.test', 'plus'],
      ['ada@other.test', 'domain-alias'],
      ['ada+x+y@other.test', 'domain-alias'],
      ['only@other.test', 'alias'],
      ['nobody@example.test', undefined],
      ['+ada@example.test', undefined],
      ['"ada+x y"@example.test', undefined],
      ['ada@unknown.test', undefined],
      ['not an address', undefined],
      ['"ada"@example.test', 'address'],
      ['"\\a\\d\\a"@Example.TEST', 'address'],
      ['"ada@example.test', undefined],
      ['ada@ex\u00e4mple.test', undefined],
      ['Postmaster@B\u00dcCHER.test', 'address'],
      ['postmaster@XN--BCHER-KVA.test', 'address'],
      ['postmaster@bu\u0308cher.test', 'address'],
      // A Cyrillic a: looks the same, is another one.
      ['\u0430da@example.test', undefined],
      ['ada\u0000@example.test', undefined],
      ['ada@example.test\u0000', undefined],
      ['ada\r\n@example.test', undefined],
      ['ada\u200b@example.test', undefined],
      ['\u202eada@example.test', undefined],
      ['*@example.test', undefined],
      ['*@', undefined],
      ['@example.test', undefined],
      ['ada@', undefined],
      ['@', undefined],
      ['', undefined],
      [`${'a'.repeat(10_000)}@example.test`, undefined],
      [`ada@${'a'.repeat(10_000)}.test`, undefined],
      ['@'.repeat(10_000), undefined],
    ])('%j → %s', async (address, via) => {
      const { id } = await inbox('ada@example.test')
      const idn = await directory.createDomain({ environment, name: 'xn--bcher-kva.test' })
      await directory.createInbox({ domain: idn.id, address: 'postmaster@bücher.test' })
      await directory.addDomainAlias(domain, { name: 'other.test' })
      await directory.addAlias(id, { address: 'Countess@example.test' })
      await directory.addAlias(id, { address: 'only@other.test', maySend: false })
      const found = await directory.findAddress(address)
      expect(found?.via).toBe(via)
      if (found?.domain.id === domain) expect(found).toMatchObject({ inbox: { id }, domain: { id: domain } })
    })

    test.each([
      ['new@example.test', 'new@example.test'],
      ['New+tag@example.test', 'new@example.test'],
      ['strict+tag@example.test', 'strict+tag@example.test'],
      ['new@other.test', 'new@example.test'],
      ['*@example.test', undefined],
    ])('a catch-all domain would make %s as %s', async (address, made) => {
      await directory.updateDomain(domain, { catchAll: true })
      await directory.addDomainAlias(domain, { name: 'other.test' })
      await inbox('strict@example.test', { plusAddressing: false })
      const found = await directory.findAddress(address)
      if (made === undefined) expect(found).toBeUndefined()
      else expect(found).toMatchObject({ via: 'catch-all', address: made, domain: { id: domain } })
      if (made !== undefined) expect((await inbox(made)).address).toBe(made)
    })

    test('an alias is one address of one inbox, in a domain of the same environment', async () => {
      const a = await inbox('a@example.test')
      const b = await inbox('b@example.test')
      const staging = await directory.ensureDefault({ tenant: 'default', environment: 'staging' })
      await directory.createDomain({ environment: staging.environment.id, name: 'staging.test' })
      await directory.addAlias(a.id, { address: 'x@example.test' })
      await refused(directory.addAlias(b.id, { address: 'x@example.test' }), 'exists')
      await refused(directory.addAlias(b.id, { address: 'a@example.test' }), 'exists')
      await refused(inbox('x@example.test'), 'exists')
      await refused(directory.addAlias(a.id, { address: 'a@staging.test' }), 'invalid')
      await refused(directory.addAlias(a.id, { address: 'a@unknown.test' }), 'invalid')
      await refused(directory.removeAlias(b.id, { address: 'x@example.test' }), 'not-found')
      expect((await directory.removeAlias(a.id, { address: 'X@example.test' })).aliases).toEqual([])
    })
  })

  describe('paging', () => {
    test('pages hold what is asked for, follow each other, and stay in their environment', async () => {
      const staging = await directory.ensureDefault({ tenant: 'default', environment: 'staging' })
      const other = await directory.createDomain({ environment: staging.environment.id, name: 'staging.test' })
      for (let i = 0; i < 7; i++) {
        await inbox(`a${i}@example.test`)
        await directory.createInbox({ domain: other.id, address: `a${i}@staging.test` })
      }
      const seen: string[] = []
      const sizes: number[] = []
      let afterId: number | undefined
      do {
        const page = await directory.listInboxes({ environment, afterId, limit: 3 })
        seen.push(...page.items.map(({ address }) => address))
        sizes.push(page.items.length)
        afterId = page.next
      } while (afterId !== undefined)
      expect(sizes).toEqual([3, 3, 1])
      expect(seen).toEqual(Array.from({ length: 7 }, (_, i) => `a${i}@example.test`))
      expect((await directory.listInboxes({ domain: other.id })).items).toHaveLength(7)
      await refused(directory.listInboxes({ limit: 0 }), 'invalid')
    })

    test('a last page that is full says that it is the last', async () => {
      for (const local of ['a', 'b']) await inbox(`${local}@example.test`)
      expect(await directory.listInboxes({ limit: 2 })).toMatchObject({ next: undefined })
    })
  })

  describe('audit', () => {
    const by = { name: 'cred_1', network: '192.0.2.0/24', correlation: 'c-1' }

    test('every change has its row, with who, from where, and what', async () => {
      const { id, publicId } = await directory.createInbox({ domain, address: 'a@example.test', by })
      await directory.updateInbox(id, { disabled: true, quotaBytes: null, by })
      await directory.deleteInbox(id, { by })
      const { items } = await directory.listAudit({ newestFirst: true, limit: 3 })
      expect(items.map(({ action }) => action)).toEqual(['inbox.delete', 'inbox.update', 'inbox.create'])
      expect(items[1]).toMatchObject({
        actor: 'cred_1',
        network: '192.0.2.0/24',
        correlation: 'c-1',
        object: publicId,
        at: bench.clock.now,
        detail: { disabled: true, quotaBytes: null },
      })
    })

    test('a refused change has none', async () => {
      const before = (await directory.listAudit()).items.length
      await refused(inbox('a@other.test'), 'invalid')
      await refused(directory.deleteInbox(999 as AccountId), 'not-found')
      expect((await directory.listAudit()).items).toHaveLength(before)
    })

    test('settings are told by their keys alone', async () => {
      await directory.updateDomain(domain, { settings: { route: { password: 'hunter2' } }, by })
      const { items } = await directory.listAudit({ newestFirst: true, limit: 1 })
      expect(items[0]?.detail).toMatchObject({ settings: ['route'] })
      expect(JSON.stringify(items)).not.toContain('hunter2')
    })

    test('a tenant sees its own, page by page, either way round', async () => {
      const acme = await directory.ensureDefault({ tenant: 'acme', environment: 'production' })
      for (let i = 0; i < 5; i++)
        await directory.appendAudit({
          tenant: acme.tenant.id,
          action: 'login.failed',
          object: `a${i}`,
          by,
          detail: { i },
        })
      const first = await directory.listAudit({ tenant: acme.tenant.id, limit: 4 })
      const rest = await directory.listAudit({ tenant: acme.tenant.id, limit: 4, afterId: first.next })
      const all = [...first.items, ...rest.items]
      expect(all.map(({ action }) => action)).toEqual([
        'tenant.create',
        'environment.create',
        ...Array(5).fill('login.failed'),
      ])
      const newest = await directory.listAudit({ tenant: acme.tenant.id, newestFirst: true, limit: 4 })
      const older = await directory.listAudit({
        tenant: acme.tenant.id,
        newestFirst: true,
        limit: 4,
        afterId: newest.next,
      })
      expect([...newest.items, ...older.items]).toEqual(all.reverse())
    })
  })
}
