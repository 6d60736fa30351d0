// Legal hold on SQLite: the contract, a backup, and kill -9 at a random moment while a client removes mail.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Account, type AccountId, allUids, openStore, type Store } from '@postern/mailbox-store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MakeEngine, mail, settle, textOf } from './contract/engine.js'
import { heldContract } from './contract/held.js'

const makeEngine: MakeEngine = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-held-'))
  return {
    open: (options) => openStore({ folder, ...options }),
    destroy: () => rm(folder, { recursive: true, force: true }),
  }
}

describe('legal hold on SQLite', () => heldContract(makeEngine))

const rounds = Number(process.env.POSTERN_KILLS ?? 4)
const child = fileURLToPath(new URL('./kill/remover.mjs', import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-held-kill-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const subjectOf = (bytes: Uint8Array): string => /Subject: (.*)\r\n/.exec(textOf(bytes))?.[1] ?? ''

async function heldIn(store: Store, account: AccountId): Promise<string[]> {
  const found: string[] = []
  for (let afterId: number | undefined; ; ) {
    const { items, next } = await store.held.list({ account, afterId })
    found.push(...items.map(({ header }) => subjectOf(header)))
    if (next === undefined) return found
    afterId = next
  }
}

/** In all of its mailboxes. */
async function keysIn(account: Account): Promise<string[]> {
  const keys: string[] = []
  for (const { id } of await account.mailboxes()) {
    const open = await account.open(id)
    for (let i = 0; i < open.index.length; i++)
      keys.push(subjectOf((await (await open.content(open.index.entries.at(i).message))?.bytes()) ?? new Uint8Array()))
    open.close()
  }
  return keys
}

test('a backup has what is held, files too', async () => {
  const place = await mkdtemp(join(tmpdir(), 'postern-held-backup-'))
  const store = await openStore({ folder: join(place, 'store') })
  const { alice, inbox } = await settle(store)
  await store.directory.updateInbox(alice.id, { legalHold: true })
  const large = mail('large', { body: 'x'.repeat(200_000) })
  await alice.append(inbox, [{ message: large }, { message: mail('small') }])
  await alice.remove(inbox, allUids)
  const copied = { database: join(place, 'copy', 'postern.sqlite'), files: join(place, 'copy', 'blobs') }
  await store.maintenance.backup(copied)
  await store.close()
  const copy = await openStore({ folder: join(place, 'copy') })
  expect(await copy.maintenance.verify()).toEqual([])
  const { items } = await copy.held.list({ account: alice.id })
  const texts = await Promise.all(items.map(async ({ id }) => textOf(await (await copy.held.content(id)).bytes())))
  expect(texts).toEqual([textOf(large), textOf(mail('small'))])
  await copy.close()
  await rm(place, { recursive: true })
})

/** Runs the child, kills it some time after it is ready, and returns what it told. */
async function killedAfter(round: number): Promise<{ put: string[]; removed: string[] }> {
  const process_ = spawn(process.execPath, [child, folder, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    process_.once('exit', (code, signal) =>
      signal === 'SIGKILL' ? resolve() : reject(new Error(`exit ${code} ${signal}`)),
    )
    process_.stdout.on('data', (data: Buffer) => {
      if (output === '') setTimeout(() => process_.kill('SIGKILL'), 30 + ((round * 7919) % 197))
      output += data.toString()
    })
  })
  const told = output.split('\n').slice(0, -1)
  const of = (what: string): string[] =>
    told.filter((line) => line.startsWith(what)).map((line) => line.slice(what.length))
  return { put: of('put '), removed: of('removed ') }
}

test(`what is removed under legal hold survives ${rounds} kills`, { timeout: 60_000 + rounds * 4_000 }, async () => {
  let store = await openStore({ folder })
  const { alice } = await settle(store)
  await store.directory.updateInbox(alice.id, { legalHold: true })
  await store.close()
  let removed = 0
  for (let round = 1; round <= rounds; round++) {
    const told = await killedAfter(round)
    store = await openStore({ folder })
    while (await store.maintenance.sweep({ graceMs: -1 }));
    expect(await store.maintenance.verify(), `round ${round}`).toEqual([])
    const held = await heldIn(store, alice.id)
    const there = await keysIn(store.account(alice.id))
    expect(new Set(held).size, `round ${round}: each once`).toBe(held.length)
    expect(
      held.filter((key) => there.includes(key)),
      `round ${round}: held or there`,
    ).toEqual([])
    for (const key of told.put) expect([...held, ...there], `round ${round}: nothing is lost`).toContain(key)
    for (const key of told.removed) expect(held, `round ${round}: removed and held`).toContain(key)
    removed += told.removed.length
    await store.close()
  }
  expect(removed).toBeGreaterThan(0)
})
