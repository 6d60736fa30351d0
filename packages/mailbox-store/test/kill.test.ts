// kill -9 at a random moment, dozens of times over one store (200 by `npm run chaos:store`): what was acknowledged is there once
// with its bytes, uids are never used again, modseqs only grow, and the integrity check finds nothing.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Account, allUids, type MailboxId, openStore } from '@postern/mailbox-store'
import { expect, test } from 'vitest'
import { idOf, settle, textOf } from './contract/engine.js'
import { keyed } from './kill/keyed.mjs'

const rounds = Number(process.env.POSTERN_KILLS ?? 30)
const child = fileURLToPath(new URL('./kill/child.mjs', import.meta.url))

interface Told {
  ready?: true
  does?: 'append' | 'flag' | 'copy' | 'expunge'
  did?: 'append' | 'flag' | 'copy' | 'expunge'
  key: string
  size?: number
  uid?: number
  uidValidity?: number
  modSeq?: number
  keyword?: string
}

/** Runs the child, kills it some time after it is ready, and returns what it told. */
async function killedAfter(folder: string, round: number): Promise<Told[]> {
  const process_ = spawn(process.execPath, [child, folder, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    process_.once('exit', (code, signal) =>
      signal === 'SIGKILL' ? resolve() : reject(new Error(`exit ${code} ${signal}`)),
    )
    process_.stdout.on('data', (data: Buffer) => {
      if (output === '') setTimeout(() => process_.kill('SIGKILL'), (round * 7919) % 97)
      output += data.toString()
    })
  })
  const lines = output.split('\n')
  lines.pop()
  return lines.map((line) => JSON.parse(line) as Told)
}

interface Found {
  readonly uid: number
  readonly key: string
  readonly keywords: readonly string[]
}

/** A mailbox's messages, each proved byte by byte against the size that the child meant to append. */
async function contents(account: Account, mailbox: MailboxId, sizes: ReadonlyMap<string, number>): Promise<Found[]> {
  const box = await account.open(mailbox)
  const found: Found[] = []
  for (let i = 0; i < box.index.length; i++) {
    const { uid, message, flags } = box.index.entries.at(i)
    const bytes = (await (await box.content(message))?.bytes()) ?? new Uint8Array()
    const key = /^Subject: (.*)\r\n/.exec(textOf(bytes))?.[1] ?? ''
    expect(Buffer.compare(bytes, keyed(key, sizes.get(key) ?? 0)), `bytes of ${key}`).toBe(0)
    found.push({ uid, key, keywords: box.flagsOf(flags).keywords })
  }
  box.close()
  return found
}

interface Expected {
  uid: number
  flagged: string | undefined
  flagsUnsure: boolean
}

test(`what was acknowledged survives ${rounds} kills`, { timeout: 100_000 + rounds * 2_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-kill-'))
  let store = await openStore({ folder })
  const home = await settle(store)
  await store.close()
  const keyOfUid = new Map<string, string>()
  let highestModSeq = 0
  let acknowledged = 0

  for (let round = 1; round <= rounds; round++) {
    const told = await killedAfter(folder, round)
    store = await openStore({ folder })
    const alice = store.account(home.alice.id)
    const inbox = await idOf(alice, 'INBOX')
    const archive = await idOf(alice, 'Archive')
    expect(await store.maintenance.verify(), `round ${round}`).toEqual([])

    const sizes = new Map(told.flatMap(({ does, key, size }) => (does === 'append' ? [[key, size as number]] : [])))
    const there = new Map<string, Found>()
    for (const found of await contents(alice, inbox, sizes)) {
      expect(there.has(found.key), `${found.key} twice`).toBe(false)
      const id = `inbox ${found.uid}`
      expect(keyOfUid.get(id) ?? found.key, `uid ${id} used again`).toBe(found.key)
      keyOfUid.set(id, found.key)
      there.set(found.key, found)
    }
    const copied = new Map((await contents(alice, archive, sizes)).map(({ uid, key }) => [uid, key]))

    const expected = new Map<string, Expected>()
    const gone = new Set<string>()
    const perhapsGone = new Set<string>()
    for (const line of told) {
      if (line.modSeq !== undefined) highestModSeq = Math.max(highestModSeq, line.modSeq)
      if (line.did !== undefined) acknowledged++
      if (line.did === 'append') {
        const id = `inbox ${line.uid}`
        expect(keyOfUid.get(id) ?? line.key, `uid ${id} used again`).toBe(line.key)
        keyOfUid.set(id, line.key)
        expected.set(line.key, { uid: line.uid as number, flagged: undefined, flagsUnsure: false })
      }
      const of = expected.get(line.key)
      if (line.does === 'flag' && of !== undefined) of.flagsUnsure = true
      if (line.did === 'flag' && of !== undefined) Object.assign(of, { flagged: line.keyword, flagsUnsure: false })
      if (line.does === 'expunge') perhapsGone.add(line.key)
      if (line.did === 'expunge') gone.add(line.key)
      if (line.did === 'copy') {
        const id = `archive ${line.uid}`
        expect(keyOfUid.get(id), `uid ${id} used again`).toBeUndefined()
        keyOfUid.set(id, line.key)
        expect(copied.get(line.uid as number), `the copy of ${line.key}`).toBe(line.key)
      }
    }
    for (const [key, { uid, flagged, flagsUnsure }] of expected) {
      const found = there.get(key)
      if (gone.has(key)) expect(found, `${key} was expunged`).toBeUndefined()
      else if (!perhapsGone.has(key)) {
        expect(found?.uid, `${key} was acknowledged, round ${round}`).toBe(uid)
        if (flagged !== undefined && !flagsUnsure) expect(found?.keywords, `flags of ${key}`).toEqual([flagged])
      }
    }
    expect((await alice.status(inbox)).highestModSeq, 'modseq fell').toBeGreaterThanOrEqual(highestModSeq)
    await alice.remove(inbox, allUids)
    await alice.remove(archive, allUids)
    if (round % 10 === 0) while (await store.maintenance.sweep({ graceMs: -1 }));
    await store.close()
  }
  expect(acknowledged).toBeGreaterThan(rounds * 5)
  await rm(folder, { recursive: true, force: true })
})
