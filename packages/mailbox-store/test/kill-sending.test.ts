// kill -9 at a random moment while mail is submitted and clients file their own copies of it: what was acknowledged is queued once,
// in the recipient's INBOX once and in Sent once, whichever came first; what was not is there whole or not at all.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Account, allUids, type MailboxId, openStore, type Store } from '@postern/mailbox-store'
import { expect, test } from 'vitest'
import { idOf, settle } from './contract/engine.js'
import { sentMail } from './kill/keyed.mjs'

const rounds = Number(process.env.POSTERN_KILLS ?? 12)
const child = fileURLToPath(new URL('./kill/sender.mjs', import.meta.url))

interface Told {
  readonly does?: 'submit' | 'file'
  readonly did?: 'submit' | 'file'
  readonly key: string
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
      if (output === '') setTimeout(() => process_.kill('SIGKILL'), 20 + ((round * 7919) % 197))
      output += data.toString()
    })
  })
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Told)
}

/** How often each key is there; each with its own bytes, as submitted or as the client filed it. */
async function keysIn(account: Account, mailbox: MailboxId): Promise<Map<string, number>> {
  const box = await account.open(mailbox)
  const found = new Map<string, number>()
  for (let i = 0; i < box.index.length; i++) {
    const bytes = Buffer.from((await (await box.content(box.index.entries.at(i).message))?.bytes()) ?? [])
    const key = /^Subject: (.*)\r\n/m.exec(bytes.toString('latin1'))?.[1] ?? ''
    expect(bytes.equals(sentMail(key)) || bytes.equals(sentMail(key, { bcc: true })), `bytes of ${key}`).toBe(true)
    found.set(key, (found.get(key) ?? 0) + 1)
  }
  box.close()
  return found
}

const keyOf = (recipient: string): string => recipient.replace('@example.net', '')

/** By recipient, who is named by the key. */
async function queued(store: Store): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (let afterId: number | undefined; ; ) {
    const { items, next } = await store.outbox.list({ afterId, open: true })
    for (const { recipients } of items)
      for (const { recipient, state } of recipients)
        if (state === 'waiting') found.set(keyOf(recipient), (found.get(keyOf(recipient)) ?? 0) + 1)
    if (next === undefined) return found
    afterId = next
  }
}

test(`mail that is sent survives ${rounds} kills`, { timeout: 100_000 + rounds * 4_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-kill-sending-'))
  let store = await openStore({ folder })
  const home = await settle(store)
  await store.close()
  let acknowledged = 0
  let recipients = 0
  for (let round = 1; round <= rounds; round++) {
    const told = await killedAfter(folder, round)
    store = await openStore({ folder })
    const alice = store.account(home.alice.id)
    const [inbox, sent] = [await idOf(alice, 'INBOX'), await idOf(alice, 'Sent')]
    expect(await store.maintenance.verify(), `round ${round}`).toEqual([])
    const [inQueue, inInbox, inSent] = [await queued(store), await keysIn(alice, inbox), await keysIn(alice, sent)]
    const did = (what: 'submit' | 'file'): Set<string> =>
      new Set(told.flatMap((line) => (line.did === what ? [line.key] : [])))
    const [submitted, filed] = [did('submit'), did('file')]
    for (const key of new Set(told.flatMap(({ key }) => key ?? []))) {
      const where = `${key}, round ${round}`
      expect(inInbox.get(key), `${where}: queued and delivered in one commit`).toBe(inQueue.get(key))
      expect(inInbox.get(key) ?? 0, `${where}: once at most`).toBeLessThanOrEqual(1)
      expect(inSent.get(key) ?? 0, `${where}: in Sent once at most`).toBeLessThanOrEqual(1)
      if (submitted.has(key)) expect(inQueue.get(key), `${where}: accepted and queued`).toBe(1)
      if (submitted.has(key) || filed.has(key)) expect(inSent.get(key), `${where}: filed`).toBe(1)
      if (inQueue.has(key)) expect(inSent.get(key), `${where}: queued and filed in one commit`).toBe(1)
    }
    acknowledged += submitted.size
    recipients += 2 * inInbox.size
    await expectCounted(store, home.alice, recipients)
    await cancelAll(store)
    await alice.remove(inbox, allUids)
    await alice.remove(sent, allUids)
    if (round % 10 === 0) while (await store.maintenance.sweep({ graceMs: -1 }));
    await store.close()
  }
  expect(acknowledged).toBeGreaterThan(rounds)
  await rm(folder, { recursive: true, force: true })
})

async function cancelAll(store: Store): Promise<void> {
  for (;;) {
    const { items } = await store.outbox.list({ open: true })
    if (items.length === 0) return
    await Promise.all(items.map(({ queueId }) => store.outbox.cancel(queueId)))
  }
}

/** The day's limit that is met exactly. */
async function expectCounted(store: Store, { id }: Account, recipients: number): Promise<void> {
  const fits = async (perDay: number): Promise<boolean> => {
    const unlimited = { perHour: undefined, perDay: undefined }
    const sending = { credentialLimits: unlimited, inboxLimits: { perHour: undefined, perDay } }
    return (await store.outbox.sendingRoom({ account: id, sending, recipients: 1 })).fits
  }
  expect([await fits(recipients), await fits(recipients + 1)], 'what was sent is counted, and nothing else').toEqual([
    false,
    true,
  ])
}
