// Random submissions and client's copies on two stores over one folder, against a plain list: which of them merge, what flags and
// what room come of it, how many recipients are counted. Between them entries are expunged, moved, flagged, and time goes by.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Account, type AccountId, type MailboxId, openStore, type Store } from '@postern/mailbox-store'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { idOf, mail, settle } from './contract/engine.js'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

interface ModelEntry {
  readonly uid: number
  readonly key: string
  readonly at: number
  /** A submission's, from the beginning or since it took a client's copy. */
  submitted: boolean
  /** As the mailbox shows it: a copy has a Bcc. */
  readonly bytes: number
  flags: number
}

const someKey = fc.constantFrom('a', 'b', 'c')
const someFlags = fc.constantFrom(0, 1, 4, 5)
const pick = fc.nat(5)
const store = fc.constantFrom(0, 1)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('submit'), store, key: someKey }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('file'), store, key: someKey, flags: someFlags }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fileMany'),
      store,
      keys: fc.array(someKey, { minLength: 2, maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('replace'), store, key: someKey, flags: someFlags }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove'), store, pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('move'), store, pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete'), store, pick, on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.constantFrom(hourMs, 13 * hourMs, dayMs) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep'), store }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

class Run {
  #now = 1_800_000_000_000
  readonly #stores: Store[] = []
  #id!: AccountId
  #sent!: MailboxId
  #archive!: MailboxId
  #drafts!: MailboxId
  #entries: ModelEntry[] = []
  #moved = { messages: 0, bytes: 0 }
  #submissions: number[] = []

  async begin(folder: string): Promise<void> {
    for (const at of [0, 1]) this.#stores[at] = await openStore({ folder, now: () => this.#now })
    const { alice } = await settle(this.#stores[0] as Store)
    this.#id = alice.id
    const names = await Promise.all(['Sent', 'Archive', 'Drafts'].map((name) => idOf(alice, name)))
    const [sent, archive, drafts] = names as [MailboxId, MailboxId, MailboxId]
    this.#sent = sent
    this.#archive = archive
    this.#drafts = drafts
  }

  #account(at: number): Account {
    return (this.#stores[at] as Store).account(this.#id)
  }

  /** What a message merges with: the newest that the other side filed within a day, and that isn't about to go. */
  #twin(key: string, { submitted }: { submitted: boolean }): ModelEntry | undefined {
    const isTwin = (entry: ModelEntry): boolean =>
      entry.key === key && entry.submitted !== submitted && entry.at > this.#now - dayMs && (entry.flags & 8) === 0
    return this.#entries.findLast(isTwin)
  }

  /** The uid that the model expects, or undefined for a new one. */
  #filed(key: string, flags: number): ModelEntry | undefined {
    const twin = this.#twin(key, { submitted: false })
    if (twin !== undefined) twin.flags |= flags
    return twin
  }

  #place(uid: number, { key, flags, submitted }: { key: string; flags: number; submitted: boolean }): void {
    expect(uid, 'a new uid').toBeGreaterThan(this.#entries.at(-1)?.uid ?? 0)
    const bytes = (submitted ? mail(key) : copyOf(key)).length
    this.#entries.push({ uid, key, flags, submitted, bytes, at: this.#now })
  }

  async take(work: Step): Promise<void> {
    switch (work.kind) {
      case 'wait':
        this.#now += work.ms
        return
      case 'sweep':
        while (await (this.#stores[work.store] as Store).maintenance.sweep({ graceMs: -1 }));
        return
      case 'submit':
        return this.#submit(work.store, work.key)
      case 'file':
        return this.#file(work.store, [work.key], work.flags)
      case 'fileMany':
        return this.#file(work.store, work.keys, 1)
      case 'replace':
        return this.#replace(work.store, work.key, work.flags)
      default:
        return this.#change(work)
    }
  }

  async #submit(at: number, key: string): Promise<void> {
    const twin = this.#twin(key, { submitted: true })
    const store = this.#stores[at] as Store
    const { sent } = await store.outbox.submit({
      ...{
        account: this.#id,
        sender: 'alice@example.test',
        recipients: [{ address: 'bob@example.net' }],
        body: '7bit',
      },
      message: await store.stage(mail(key)),
      internalDate: 1_800_000_000,
      sentCopy: { account: this.#id },
    })
    this.#submissions.push(this.#now)
    if (twin === undefined) return this.#place(sent?.uid as number, { key, flags: 1, submitted: true })
    expect(sent?.uid).toBe(twin.uid)
    twin.submitted = true
    twin.flags |= 1
  }

  async #file(at: number, keys: readonly string[], flags: number): Promise<void> {
    const expected = keys.map((key) => this.#filed(key, flags)?.uid)
    const messages = keys.map((key) => ({ message: copyOf(key), flags: { system: flags, keywords: [] } }))
    const { uids } = await this.#account(at).append(this.#sent, messages)
    for (const [i, key] of keys.entries()) {
      if (expected[i] === undefined) this.#place(uids[i] as number, { key, flags, submitted: false })
      else expect(uids[i]).toBe(expected[i])
    }
  }

  async #replace(at: number, key: string, flags: number): Promise<void> {
    const account = this.#account(at)
    const draft = await account.append(this.#drafts, [{ message: mail('draft') }])
    const expected = this.#filed(key, flags)?.uid
    const message = { message: copyOf(key), flags: { system: flags, keywords: [] } }
    const { uid } = await account.replace(this.#drafts, draft.uids[0] as number, this.#sent, message)
    if (expected === undefined) this.#place(uid, { key, flags, submitted: false })
    else expect(uid).toBe(expected)
  }

  async #change(work: Extract<Step, { pick: number }>): Promise<void> {
    const entry = this.#entries.at(-1 - work.pick)
    if (entry === undefined) return
    const account = this.#account(work.store)
    const uids = [[entry.uid, entry.uid]] as const
    if (work.kind === 'delete') {
      await account.setFlags(this.#sent, uids, { how: work.on ? 'add' : 'remove', flags: { system: 8, keywords: [] } })
      entry.flags = work.on ? entry.flags | 8 : entry.flags & ~8
      return
    }
    if (work.kind === 'remove') await account.remove(this.#sent, uids)
    else {
      await account.move(this.#sent, uids, this.#archive)
      this.#moved.messages++
      this.#moved.bytes += entry.bytes
    }
    this.#entries = this.#entries.filter((one) => one !== entry)
  }

  async end(): Promise<void> {
    for (const [at, store] of this.#stores.entries()) {
      const account = this.#account(at)
      const open = await account.open(this.#sent)
      const shown = Array.from({ length: open.index.length }, (_, i) => open.index.entries.at(i))
      expect(shown.map(({ uid, flags, size }) => [uid, flags & 31, size])).toEqual(
        this.#entries.map(({ uid, flags, bytes }) => [uid, flags, bytes]),
      )
      open.close()
      const quota = await account.quota()
      expect(quota.messages.used).toBe(this.#entries.length + this.#moved.messages)
      expect(quota.bytes.used).toBe(this.#entries.reduce((sum, { bytes }) => sum + bytes, this.#moved.bytes))
      const today = this.#submissions.filter((sentAt) => sentAt > this.#now - dayMs).length
      expect(await roomFor(store, this.#id, today), 'what was sent within a day is counted').toBe(false)
    }
    expect(await (this.#stores[0] as Store).maintenance.verify()).toEqual([])
  }

  async close(): Promise<void> {
    for (const store of this.#stores.splice(0)) await store.close()
  }
}

const copyOf = (key: string): Uint8Array => mail(key, { headers: 'Bcc: carol@example.org\r\n' })

async function roomFor(store: Store, account: AccountId, perDay: number): Promise<boolean> {
  const none = { perHour: undefined, perDay: undefined }
  const sending = { credentialLimits: none, inboxLimits: { perHour: undefined, perDay } }
  return (await store.outbox.sendingRoom({ account, sending, recipients: 1 })).fits
}

test('random submissions and copies lead to what a plain list says', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 50 }), async (work) => {
      const folder = await mkdtemp(join(tmpdir(), 'postern-sent-model-'))
      const run = new Run()
      try {
        await run.begin(folder)
        for (const one of work) await run.take(one)
        await run.end()
      } finally {
        await run.close()
        await rm(folder, { recursive: true, force: true })
      }
    }),
    { numRuns: 30, interruptAfterTimeLimit: 12_000 },
  )
})
