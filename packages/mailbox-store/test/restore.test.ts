// A store from a backup, held against the one that it replaces: which mailboxes keep their UIDVALIDITY, what of the queue is
// still to be sent, who may come in; and the same where there's nothing to hold it against.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Account,
  lockStore,
  openStore,
  type RestoreOptions,
  type RestoreReport,
  type Store,
  stageRestore,
  verifyFolder,
} from '@postern/mailbox-store'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Connection } from '../src/sqlite/connection.js'
import { prepared, secret } from './contract/bench.js'
import { expectRefusal, fill, type Home, idOf, mail, seen, settle, show } from './contract/engine.js'

let root: string
let taken = 0
const closing: (() => void | Promise<void>)[] = []
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'postern-restore-'))
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const newPath = (): string => join(root, `${++taken}`)
const placesIn = (path: string) => ({ database: join(path, 'postern.sqlite'), files: join(path, 'blobs') })

async function opened(folder: string, boot = 'one'): Promise<Home> {
  const store = await openStore({ folder, boot })
  closing.push(() => store.close())
  return settle(store)
}

async function backupOf(store: Store): Promise<string> {
  const path = newPath()
  await store.maintenance.backup(placesIn(path))
  return path
}

/** Into a folder of its own, as the data folder will be. */
function restored(backup: string, old: string, options: Partial<RestoreOptions> = {}): [string, RestoreReport] {
  const staging = newPath()
  const locked = lockStore(old)
  try {
    const report = stageRestore({
      backup: { ...placesIn(backup), databaseBytes: 0 },
      ...{ staging, old: locked, sameKey: true, nothingWasLost: false, by: { name: 'operator' }, now: Date.now() },
      ...options,
    })
    expect(report.findings).toEqual([])
    return [staging, report]
  } finally {
    locked.unlock()
  }
}

const anew = ({ mailboxes }: RestoreReport): string[] =>
  mailboxes.anew.map(({ inbox, mailbox, why }) => `${inbox.split('@')[0]} ${mailbox}: ${why}`).sort()

const identity = async (account: Account, name: string) => {
  const box = await account.mailbox(name)
  return { uidValidity: box?.uidValidity ?? 0, objectId: box?.objectId }
}

const own = ['INBOX', 'Sent', 'Drafts', 'Trash', 'Spam', 'Archive', 'Quiet', 'Busy', 'Flagged', 'Expunged']

describe('with the store that it replaces', () => {
  let data: string
  let backup: string
  let staging: string
  let report: RestoreReport
  let quiet: { uidNext: number; highestModSeq: number }
  const before = new Map<string, Awaited<ReturnType<typeof identity>>>()
  let goneAgain: number
  let renamedThere: number
  const queue = { half: '', done: '', forgotten: '', open: '', later: '' }
  const secrets = { revoked: secret(), rotated: secret(), fresh: secret(), kept: secret(), since: secret() }
  const ids = { revoked: '', rotated: '', since: '' }

  beforeAll(async () => {
    data = newPath()
    const home = await opened(data)
    const { store, alice, inbox, addInbox } = home
    const [bob, dave] = [await addInbox('bob'), await addInbox('dave')]
    for (const name of ['Quiet', 'Busy', 'Flagged', 'Expunged', 'Gone', 'Renamed', 'Asked'])
      await fill(alice, await alice.createMailbox(name), [`${name}-1`, `${name}-2`])
    await fill(alice, inbox, ['alice-1'])
    await fill(bob, await idOf(bob, 'INBOX'), ['bob-1'])
    await alice.append(await idOf(alice, 'Quiet'), [{ message: mail('large', { body: 'x'.repeat(140_000) }) }])
    const submit = async (...to: string[]): Promise<string> => {
      const recipients = to.map((name) => ({ address: `${name}@remote.test` }))
      const message = prepared(`to ${to}`)
      const one = {
        account: alice.id,
        sender: 'alice@example.test',
        internalDate: 1_800_000_000,
        body: '7bit',
      } as const
      return (await store.outbox.submit({ ...one, recipients, message })).queueId
    }
    queue.half = await submit('half1', 'half2')
    queue.done = await submit('done')
    queue.forgotten = await submit('forgotten')
    queue.open = await submit('open')
    const environment = (await store.directory.getDomain(home.domain)).environment
    const make = (name: keyof typeof secrets) =>
      store.directory.createCredential({
        ...{ kind: 'key', environment, label: name, scopes: ['imap'], grants: ['*'], secret: secrets[name] },
      })
    const [revoked, rotated] = [await make('revoked'), await make('rotated')]
    await make('kept')
    ids.revoked = revoked.publicId
    ids.rotated = rotated.publicId
    for (const name of [...own, 'Gone', 'Renamed', 'Asked']) before.set(name, await identity(alice, name))
    before.set('bob', await identity(bob, 'INBOX'))
    before.set('merged', await identity((await merged(home)) as Account, 'INBOX'))
    backup = await backupOf(store)

    await fill(alice, await idOf(alice, 'Busy'), ['Busy-3'])
    await fill(alice, inbox, ['alice-2'])
    await alice.setFlags(await idOf(alice, 'Flagged'), [[1, 1]], { how: 'add', flags: seen })
    await alice.remove(await idOf(alice, 'Expunged'), [[1, 1]])
    await alice.open(await idOf(alice, 'Asked')).then((box) => box.close())
    await alice.deleteMailbox(await idOf(alice, 'Gone'))
    await alice.createMailbox('Gone')
    await alice.renameMailbox(await idOf(alice, 'Renamed'), 'Other')
    await alice.createMailbox('Renamed')
    goneAgain = (await identity(alice, 'Gone')).uidValidity
    renamedThere = (await identity(alice, 'Renamed')).uidValidity
    const claimed = await store.outbox.claim({ owner: 'relay', limit: 10, leaseMs: 60_000 })
    for (const { id, recipient } of claimed)
      if (/^(half1|done|forgotten)@/.test(recipient))
        await store.outbox.report({ id, owner: 'relay', outcome: { kind: 'delivered', code: '250' } })
    await store.outbox.release('relay')
    queue.later = await submit('later')
    await store.directory.revokeCredential(revoked.id)
    await store.directory.addSecret(rotated.id, { secret: secrets.fresh, overlapMs: 0 })
    ids.since = (await make('since')).publicId
    await store.directory.updateInbox(bob.id, { legalHold: true })
    await store.directory.deleteInbox(dave.id)
    await addInbox('carol')
    await store.close()
    closing.splice(0)
    const db = new Connection({ path: placesIn(data).database })
    db.run('DELETE FROM submission WHERE queue_id = ?', queue.forgotten)
    db.close()
    // The machine has restarted: every counter has taken a step, which is no change.
    const later = await opened(data, 'two')
    quiet = await later.alice.status(await idOf(later.alice, 'Quiet'))
    await later.store.close()
    closing.splice(0)
    ;[staging, report] = restored(backup, data)
  })

  const merged = async ({ store, domain }: Home): Promise<unknown> => {
    const { domainAccount } = await import('@postern/mailbox-store')
    return domainAccount(store.domainView(domain))
  }

  test('mailboxes that went on have a new UIDVALIDITY, above all of both; the others keep theirs', async () => {
    expect(report.comparedWith).toBe('known')
    expect(anew(report)).toEqual([
      'alice Busy: went-on',
      'alice Expunged: went-on',
      'alice Flagged: went-on',
      'alice Gone: deleted-since',
      'alice INBOX: went-on',
      'alice Renamed: renamed-since',
      ...['Archive', 'Drafts', 'INBOX', 'Sent', 'Spam', 'Trash'].map((name) => `dave ${name}: deleted-since`),
    ])
    const home = await opened(staging, 'two')
    const { alice, addInbox } = home
    const bob = await addInbox('bob')
    const now = async (name: string) => identity(alice, name)
    for (const name of ['Sent', 'Drafts', 'Trash', 'Spam', 'Archive', 'Quiet', 'Asked'])
      expect(await now(name), name).toEqual(before.get(name))
    expect(await identity(bob, 'INBOX'), 'of the same space as one that went on').toEqual(before.get('bob'))
    const highest = Math.max(goneAgain, renamedThere, ...Array.from(before.values(), ({ uidValidity }) => uidValidity))
    const view = (await merged(home)) as Account
    for (const [name, found] of [
      ...(await Promise.all(
        ['INBOX', 'Busy', 'Flagged', 'Expunged', 'Gone', 'Renamed'].map(
          async (each) => [each, await now(each)] as const,
        ),
      )),
      ['merged', await identity(view, 'INBOX')] as const,
    ]) {
      expect(found.uidValidity, name).toBeGreaterThan(highest)
      expect(found.objectId, name).not.toBe(before.get(name)?.objectId)
    }
    expect(await show(alice, await idOf(alice, 'Busy'))).toEqual(['1 Busy-1', '2 Busy-2'])
    expect(await home.store.maintenance.verify()).toEqual([])
  })

  test('numbers that clients were told of are given out by nobody again', async () => {
    const { alice, addInbox, store } = await opened(staging, 'two')
    const status = await alice.status(await idOf(alice, 'Quiet'))
    expect(status).toMatchObject({ uidNext: quiet.uidNext, highestModSeq: quiet.highestModSeq })
    const changes = await alice.changesSince(await idOf(alice, 'Quiet'), quiet.highestModSeq)
    expect(changes).toMatchObject({ changed: [], vanished: [] })
    const { uids, modSeq, uidValidity } = await alice.append(await idOf(alice, 'Quiet'), [{ message: mail('new') }])
    expect(uids[0]).toBeGreaterThanOrEqual(quiet.uidNext)
    expect(modSeq).toBeGreaterThan(quiet.highestModSeq)
    expect(uidValidity).toBe(before.get('Quiet')?.uidValidity)
    const bob = await addInbox('bob')
    const arrived = await bob.append(await idOf(bob, 'INBOX'), [{ message: mail('to bob') }])
    expect(arrived.uidValidity, 'of an INBOX that has its own').toBe(before.get('bob')?.uidValidity)
    const made = await alice.createMailbox('Made now')
    const validity = (await identity(alice, 'Made now')).uidValidity
    expect(validity).toBeGreaterThan((await identity(alice, 'Busy')).uidValidity)
    const objects = (await alice.mailboxes()).map(({ objectId }) => objectId)
    expect(new Set(objects).size).toBe(objects.length)
    await alice.deleteMailbox(made)
    expect(await store.maintenance.verify()).toEqual([])
  })

  test('what was sent since is not sent again, and what was not still is', async () => {
    expect(report.queue).toEqual({ settled: 3, held: 0, leftBehind: 1 })
    const { store } = await opened(staging, 'two')
    const states = async (id: string) => (await store.outbox.get(id)).recipients.map(({ state }) => state)
    expect(await states(queue.half)).toEqual(['delivered', 'waiting'])
    expect(await states(queue.done)).toEqual(['delivered'])
    expect((await store.outbox.get(queue.done)).closedAt).toBeDefined()
    await expectRefusal(store.outbox.get(queue.forgotten), 'not-found')
    await expectRefusal(store.outbox.get(queue.later), 'not-found')
    const claimed = await store.outbox.claim({ owner: 'relay', limit: 10, leaseMs: 60_000 })
    expect(claimed.map(({ recipient }) => recipient).sort()).toEqual(['half2@remote.test', 'open@remote.test'])
    await store.outbox.release('relay')
  })

  test('what was taken away since stays taken away, and what was given stays given', async () => {
    const hows = report.directory.credentials.map(({ id, how }) => `${id} ${how}`)
    expect(hows).toEqual([`${ids.revoked} revoked`, `${ids.rotated} changed`, `${ids.since} added`])
    expect(report.directory).toMatchObject({
      ...{ isKnown: true, inboxesBack: ['dave@example.test'], inboxesLost: ['carol@example.test'] },
    })
    const { store, addInbox } = await opened(staging, 'two')
    const find = async (name: keyof typeof secrets) => store.directory.findSecret(secrets[name].publicPart)
    expect((await find('revoked'))?.credential.revokedAt ?? 'gone').toBeDefined()
    expect((await find('rotated'))?.expiresAt ?? 0).toBeLessThanOrEqual(Date.now())
    expect(Buffer.from((await find('fresh'))?.hash ?? [])).toEqual(Buffer.from(secrets.fresh.hash))
    expect((await find('kept'))?.credential.label).toBe('kept')
    expect((await find('since'))?.credential.label).toBe('since')
    expect((await store.directory.getInbox((await addInbox('bob')).id)).legalHold).toBe(true)
    const audit = (await store.directory.listAudit({ newestFirst: true, limit: 50 })).items
    expect(audit.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['store.restore', 'credential.restore', 'inbox.restore', 'inbox.delete']),
    )
  })

  test('with another server key new secrets are not taken, and those that were taken back stay so', async () => {
    const [folder, { directory }] = restored(backup, data, { sameKey: false })
    expect(directory.credentials.map(({ label, how }) => `${label} ${how}`)).toEqual([
      ...['revoked revoked', 'rotated changed', 'since lost'],
    ])
    const { store } = await opened(folder)
    expect(await store.directory.findSecret(secrets.fresh.publicPart)).toBeUndefined()
    expect((await store.directory.findSecret(secrets.rotated.publicPart))?.expiresAt ?? 0).toBeLessThanOrEqual(
      Date.now(),
    )
  })

  test('the same backup again loses only what came after the first restore', async () => {
    const home = await opened(staging, 'two')
    await fill(home.alice, await idOf(home.alice, 'Drafts'), ['after'])
    await home.store.close()
    closing.splice(0)
    const [, again] = restored(backup, staging)
    expect(again.comparedWith).toBe('known')
    expect(anew(again)).toContain('alice Drafts: went-on')
    expect(anew(again)).not.toContain('alice Trash: went-on')
  })

  test('a store that has gone another way tells nothing: of a history before an earlier restore, or older than the backup', () => {
    const [first] = restored(backup, data)
    const elsewhere = newPath()
    const [second] = restored(backup, elsewhere)
    expect(restored(backup, second)[1].comparedWith).toBe('known')
    const third = restored(first, data)[1]
    expect(third.comparedWith).toBe('apart')
    expect(third.mailboxes.kept).toBe(0)
  })
})

describe('with nothing to hold it against', () => {
  let backup: string
  let validities: number[]
  let held: string

  beforeAll(async () => {
    const { store, alice } = await opened(newPath())
    await fill(alice, await idOf(alice, 'Sent'), ['sent'])
    const message = prepared('to be sent')
    const recipients = [{ address: 'a@remote.test' }, { address: 'b@other.test' }]
    const one = { account: alice.id, sender: 'alice@example.test', internalDate: 1_800_000_000, body: '7bit' } as const
    held = (await store.outbox.submit({ ...one, recipients, message })).queueId
    await store.outbox.claim({ owner: 'relay', limit: 1, leaseMs: 60_000 })
    validities = (await alice.mailboxes()).map(({ uidValidity }) => uidValidity)
    backup = await backupOf(store)
    await store.close()
    closing.splice(0)
  })

  test('every mailbox is new to clients, and the queue is held until somebody says what shall be', async () => {
    const [folder, report] = restored(backup, newPath())
    expect(report).toMatchObject({ comparedWith: 'none', mailboxes: { kept: 0 }, queue: { held: 2 } })
    const { store, alice } = await opened(folder)
    for (const { uidValidity } of await alice.mailboxes()) expect(uidValidity).toBeGreaterThan(Math.max(...validities))
    const claim = () => store.outbox.claim({ owner: 'relay', limit: 10, leaseMs: 60_000 })
    expect(await claim()).toEqual([])
    expect(await store.outbox.stats()).toMatchObject({ waiting: 0, leased: 0, held: 2 })
    expect((await store.outbox.list({ open: true, state: 'held' })).items).toHaveLength(1)
    expect(await store.outbox.retryAllOf('remote.test')).toBe(1)
    expect((await claim()).map(({ recipient }) => recipient)).toEqual(['a@remote.test'])
    expect(await store.outbox.cancel(held)).toEqual({ cancelled: 1, inFlight: 1 })
    expect(await store.maintenance.verify()).toEqual([])
  })

  test('unless somebody says that nothing was lost', async () => {
    const [folder, report] = restored(backup, newPath(), { nothingWasLost: true })
    expect(report).toMatchObject({ mailboxes: { kept: 6, anew: [] }, queue: { held: 0 } })
    const { store, alice } = await opened(folder)
    expect((await alice.mailboxes()).map(({ uidValidity }) => uidValidity)).toEqual(validities)
    const claimed = await store.outbox.claim({ owner: 'relay', limit: 10, leaseMs: 60_000 })
    expect(claimed.length).toBeGreaterThan(0)
  })

  test('another server tells nothing, and neither does a damaged store', async () => {
    const other = newPath()
    const { store } = await opened(other)
    await store.close()
    closing.splice(0)
    expect(restored(backup, other)[1].comparedWith).toBe('another')
    writeFileSync(placesIn(other).database, 'no database at all'.repeat(1000))
    expect(restored(backup, other)[1].comparedWith).toBe('damaged')
  })
})

describe('the lock', () => {
  test('is not had while anybody has the store open, and keeps everybody out', async () => {
    const folder = newPath()
    const { store } = await opened(folder)
    expect(() => lockStore(folder)).toThrow(expect.objectContaining({ code: 'busy' }))
    await store.close()
    closing.splice(0)
    const locked = lockStore(folder)
    await expectRefusal(openStore({ folder }), 'busy')
    locked.unlock()
    const again = await opened(folder)
    expect(verifyFolder(placesIn(folder))).toEqual([])
    await again.store.close()
    closing.splice(0)
  })
})
