// kill -9 at a random moment, 200 times over one store: what was acknowledged is there once with its bytes, uids are
// never used again, modseqs only grow, and the integrity check finds nothing.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { allUids, openStore } from '@postern/mailbox-store'
import { expect, test } from 'vitest'
import { idOf, settle, textOf } from './contract/engine.js'

const rounds = 200
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

interface Expected {
  uid: number
  flagged: string | undefined
  flagsUnsure: boolean
}

test(`what was acknowledged survives ${rounds} kills`, { timeout: 300_000 }, async () => {
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

    const there = new Map<string, { uid: number; keywords: readonly string[] }>()
    const box = await alice.open(inbox)
    for (let i = 0; i < box.index.length; i++) {
      const { uid, message, flags } = box.index.entries.at(i)
      const text = textOf((await (await box.content(message))?.bytes()) ?? new Uint8Array())
      const key = /^Subject: (.*)\r\n/.exec(text)?.[1] ?? ''
      const words = text
        .slice(text.indexOf('\r\n\r\n') + 4)
        .trim()
        .split(' ')
      expect(
        words.every((word) => word === key),
        `bytes of ${key}`,
      ).toBe(true)
      expect(there.has(key), `${key} twice`).toBe(false)
      there.set(key, { uid, keywords: box.flagsOf(flags).keywords })
    }
    box.close()

    const expected = new Map<string, Expected>()
    const gone = new Set<string>()
    const perhapsGone = new Set<string>()
    for (const line of told) {
      if (line.modSeq !== undefined) highestModSeq = Math.max(highestModSeq, line.modSeq)
      if (line.did !== undefined) acknowledged++
      if (line.did === 'append') {
        const id = `${line.uidValidity}:${line.uid}`
        expect(keyOfUid.get(id), `uid ${id} used again`).toBeUndefined()
        keyOfUid.set(id, line.key)
        expected.set(line.key, { uid: line.uid as number, flagged: undefined, flagsUnsure: false })
      }
      const of = expected.get(line.key)
      if (line.does === 'flag' && of !== undefined) of.flagsUnsure = true
      if (line.did === 'flag' && of !== undefined) Object.assign(of, { flagged: line.keyword, flagsUnsure: false })
      if (line.does === 'expunge') perhapsGone.add(line.key)
      if (line.did === 'expunge') gone.add(line.key)
    }
    for (const [key, { uid, flagged, flagsUnsure }] of expected) {
      const found = there.get(key)
      if (gone.has(key)) expect(found, `${key} was expunged`).toBeUndefined()
      else if (!perhapsGone.has(key)) {
        expect(found?.uid, `${key} was acknowledged, round ${round}`).toBe(uid)
        if (flagged !== undefined && !flagsUnsure) expect(found?.keywords, `flags of ${key}`).toEqual([flagged])
      }
    }
    const copies = told.filter(({ did }) => did === 'copy').length
    const status = await alice.status(archive)
    expect(status.messages).toBeGreaterThanOrEqual(copies)
    expect((await alice.status(inbox)).highestModSeq, 'modseq fell').toBeGreaterThanOrEqual(highestModSeq)
    await alice.remove(inbox, allUids)
    await alice.remove(archive, allUids)
    if (round % 10 === 0) while (await store.maintenance.sweep({ graceMs: -1 }));
    await store.close()
  }
  expect(acknowledged).toBeGreaterThan(rounds * 5)
  await rm(folder, { recursive: true, force: true })
})
