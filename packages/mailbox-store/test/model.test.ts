// Random work on two stores over one folder against a plain model in memory: two accounts of one domain, their
// mailboxes, flags and keywords, copies, moves, expunges, refusals, reopenings. After each step what a holder heard is
// applied to what it knew; at the end every view, counter and quota is the model's, and the check finds nothing.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Account,
  type AccountId,
  type Flags,
  type MailboxId,
  type OpenMailbox,
  openStore,
  type Store,
  type UidSet,
} from '@postern/mailbox-store'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expectRefusal, mail, settle } from './contract/engine.js'

const quotaMessages = 250
const boxNames = ['INBOX', 'Archive', 'Work', 'Work/2026'] as const
type BoxName = (typeof boxNames)[number]

interface ModelEntry {
  readonly uid: number
  readonly size: number
  system: number
  keywords: readonly string[]
}
interface ModelBox {
  readonly id: MailboxId
  entries: ModelEntry[]
  /** What is above it was told to nobody. */
  recentAfter: number
  /** Some of its earlier states, by modseq: from each `changesSince` has to lead to the present one. */
  readonly seenAt: Map<number, readonly string[]>
}
interface ModelAccount {
  readonly id: AccountId
  readonly boxes: Map<BoxName, ModelBox>
}
/** A grip on a mailbox, and what its holder believes it holds. */
interface Holder {
  readonly box: ModelBox | 'domain'
  readonly open: OpenMailbox
  readonly known: Map<number, string>
}

const line = ({ uid, system, keywords }: ModelEntry): string => [uid, system, ...[...keywords].sort()].join(' ')
const lines = (box: ModelBox): string[] => box.entries.map(line)
const lineOf = (open: OpenMailbox, i: number): string => {
  const { uid, flags } = open.index.entries.at(i)
  const { system, keywords } = open.flagsOf(flags)
  return [uid, system, ...[...keywords].sort()].join(' ')
}

const someAccount = fc.constantFrom(0, 1)
const someStore = fc.constantFrom(0, 1)
const someBox = fc.constantFrom(...boxNames)
const someFlags: fc.Arbitrary<Flags> = fc.record({
  system: fc.nat(31),
  keywords: fc.uniqueArray(fc.constantFrom('a', 'b', '$c'), { maxLength: 2 }),
})
const someUids: fc.Arbitrary<UidSet> = fc
  .uniqueArray(fc.nat(12), { minLength: 1, maxLength: 6 })
  .map((picks) => picks.sort((a, b) => a - b).map((pick) => [pick, pick] as const))

const where = { account: someAccount, store: someStore, box: someBox }
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('append'),
      ...where,
      count: fc.integer({ min: 1, max: 4 }),
      flags: someFlags,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('appendMany'), ...where }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('appendRefused'), ...where }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('flags'),
      ...where,
      uids: someUids,
      flags: someFlags,
      how: fc.constantFrom('add' as const, 'remove' as const, 'replace' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('copy'), ...where, uids: someUids, to: someBox }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move'), ...where, uids: someUids, to: someBox }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove'), ...where, uids: someUids }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('claim'), ...where, pick: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete'), ...where }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('renameInbox'), ...where }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('open'), ...where }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('openDomain'), store: someStore }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('refresh'), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close'), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep'), store: someStore }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('reopen'), store: someStore, boot: fc.constantFrom('one', 'other') }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

class Run {
  readonly #folder: string
  readonly #stores: Store[] = []
  readonly #accounts: ModelAccount[] = []
  #domain!: Awaited<ReturnType<typeof settle>>['domain']
  #holders: Holder[] = []
  #key = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  async begin(): Promise<void> {
    for (const at of [0, 1]) this.#stores[at] = await this.#openStore('one')
    const home = await settle(this.#stores[0] as Store)
    this.#domain = home.domain
    for (const local of ['alice', 'bob']) {
      const { id } = await home.addInbox(local)
      await home.store.directory.updateInbox(id, { quotaMessages })
      const boxes = new Map<BoxName, ModelBox>()
      this.#accounts.push({ id, boxes })
      for (const name of boxNames) boxes.set(name, await this.#boxOf(home.store.account(id), name))
    }
  }

  #openStore(boot: string): Promise<Store> {
    return openStore({ folder: this.#folder, boot, limits: { tombstonesPerMailboxMax: 4 } })
  }

  async #boxOf(account: Account, name: BoxName): Promise<ModelBox> {
    const id = (await account.mailbox(name))?.id ?? (await account.createMailbox(name))
    return { id, entries: [], recentAfter: 0, seenAt: new Map() }
  }

  async take(work: Step): Promise<void> {
    switch (work.kind) {
      case 'refresh':
        if (this.#holders.length > 0) await this.#refresh(this.#holders[work.pick % this.#holders.length] as Holder)
        return
      case 'close': {
        const [holder] = this.#holders.splice(work.pick % Math.max(1, this.#holders.length), 1)
        holder?.open.close()
        return
      }
      case 'openDomain':
        return this.#hold('domain', await this.#store(work).domainView(this.#domain).open())
      case 'sweep':
        while (await this.#store(work).maintenance.sweep({ graceMs: -1 }));
        return
      case 'reopen':
        return this.#reopen(work)
      default:
        return this.#inBox(work)
    }
  }

  #store({ store }: { store: number }): Store {
    return this.#stores[store] as Store
  }

  /** At another boot it looks like a power cut: uids and modseqs step ahead. */
  async #reopen({ store, boot }: { store: number; boot: string }): Promise<void> {
    for (const { open } of this.#holders.splice(0)) open.close()
    await this.#store({ store }).close()
    this.#stores[store] = await this.#openStore(boot)
  }

  async #inBox(work: Extract<Step, { account: number }>): Promise<void> {
    const model = this.#accounts[work.account] as ModelAccount
    const account = this.#store(work).account(model.id)
    const box = model.boxes.get(work.box) as ModelBox
    await this.#look(account, box)
    switch (work.kind) {
      case 'append':
        return this.#append(model, account, { box, count: work.count, flags: work.flags })
      case 'appendMany':
        // More than a chunk holds.
        return this.#append(model, account, { box, count: 110, flags: { system: 0, keywords: [] } })
      case 'appendRefused': {
        const good = { message: mail(`k${this.#key++}`) }
        const bad = { message: mail(`k${this.#key++}`), flags: { system: 1, keywords: ['no atom'] } }
        const told = [
          expectRefusal(account.append(box.id, [good, good, bad]), this.#room(model) < 3 ? 'over-quota' : 'invalid'),
        ]
        // In one group with others, which must not feel it.
        if (this.#room(model) > 0)
          told.push(this.#append(model, account, { box, count: 1, flags: { system: 2, keywords: ['b'] } }))
        await Promise.all(told)
        return
      }
      case 'flags':
        return this.#flags(account, box, work)
      case 'copy':
      case 'move':
        return this.#copy(model, account, { ...work, box, target: model.boxes.get(work.to) as ModelBox })
      case 'remove': {
        const uids = this.#uids(box, work.uids)
        await account.remove(box.id, uids)
        const gone = new Set(uids.map(([uid]) => uid))
        box.entries = box.entries.filter(({ uid }) => !gone.has(uid))
        return
      }
      case 'claim': {
        const upTo = box.entries.at(-1 - work.pick)?.uid ?? 0
        const claimed = await account.claimRecent(box.id, upTo)
        expect(claimed).toEqual(upTo > box.recentAfter ? [[box.recentAfter + 1, upTo]] : [])
        box.recentAfter = Math.max(box.recentAfter, upTo)
        return
      }
      case 'delete':
        if (work.box === 'INBOX') return expectRefusal(account.deleteMailbox(box.id), 'mailbox-protected')
        await account.deleteMailbox(box.id)
        await this.#drop(box)
        model.boxes.set(work.box, await this.#boxOf(account, work.box))
        return
      case 'renameInbox': {
        const inbox = model.boxes.get('INBOX') as ModelBox
        const target = await account.renameMailbox(inbox.id, `Old ${this.#key++}`)
        await account.deleteMailbox(target)
        inbox.entries = []
        return
      }
      case 'open':
        return this.#hold(box, await account.open(box.id))
    }
  }

  /** The step's picks count from the mailbox's end, where the tail is. */
  #uids(box: ModelBox, picks: UidSet): UidSet {
    const uids = picks.flatMap(([pick]) => box.entries.at(-1 - pick)?.uid ?? [])
    return uids.sort((a, b) => a - b).map((uid) => [uid, uid] as const)
  }

  #used({ boxes }: ModelAccount): number {
    return Array.from(boxes.values()).reduce((sum, { entries }) => sum + entries.length, 0)
  }

  #room(model: ModelAccount): number {
    return quotaMessages - this.#used(model)
  }

  #place(box: ModelBox, uids: Uint32Array, entries: readonly Omit<ModelEntry, 'uid'>[]): void {
    expect(uids).toHaveLength(entries.length)
    entries.forEach(({ size, system, keywords }, i) => {
      const uid = uids[i] as number
      expect(uid, 'a uid came twice').toBeGreaterThan(box.entries.at(-1)?.uid ?? 0)
      box.entries.push({ uid, size, system, keywords })
    })
  }

  async #append(
    model: ModelAccount,
    account: Account,
    { box, count, flags }: { box: ModelBox; count: number; flags: Flags },
  ): Promise<void> {
    const messages = Array.from({ length: count }, () => ({ message: mail(`k${this.#key++}`), flags }))
    if (count > this.#room(model)) return expectRefusal(account.append(box.id, messages), 'over-quota')
    const { uids } = await account.append(box.id, messages)
    this.#place(
      box,
      uids,
      messages.map(({ message }) => ({ size: message.length, ...flags })),
    )
  }

  async #flags(
    account: Account,
    box: ModelBox,
    { uids: picks, flags, how }: { uids: UidSet; flags: Flags; how: 'add' | 'remove' | 'replace' },
  ): Promise<void> {
    const uids = this.#uids(box, picks)
    const { changed } = await account.setFlags(box.id, uids, { how, flags })
    const expected: number[] = []
    for (const entry of box.entries.filter(({ uid }) => uids.some(([one]) => one === uid))) {
      const before = line(entry)
      const has = (keyword: string): boolean => flags.keywords.includes(keyword)
      if (how === 'replace') Object.assign(entry, flags)
      else if (how === 'add') {
        entry.system |= flags.system
        entry.keywords = [...entry.keywords.filter((keyword) => !has(keyword)), ...flags.keywords]
      } else {
        entry.system &= ~flags.system
        entry.keywords = entry.keywords.filter((keyword) => !has(keyword))
      }
      if (line(entry) !== before) expected.push(entry.uid)
    }
    expect(Array.from(changed)).toEqual(expected)
  }

  async #copy(
    model: ModelAccount,
    account: Account,
    { kind, box, target, uids: picks }: { kind: 'copy' | 'move'; box: ModelBox; target: ModelBox; uids: UidSet },
  ): Promise<void> {
    const uids = this.#uids(box, picks)
    const found = box.entries.filter(({ uid }) => uids.some(([one]) => one === uid))
    if (kind === 'copy' && found.length > this.#room(model))
      return expectRefusal(account.copy(box.id, uids, target.id), 'over-quota')
    const copied = await account[kind](box.id, uids, target.id)
    expect(Array.from(copied.from)).toEqual(found.map(({ uid }) => uid))
    if (kind === 'move') box.entries = box.entries.filter((entry) => !found.includes(entry))
    this.#place(target, copied.to, found)
  }

  #hold(box: ModelBox | 'domain', open: OpenMailbox): void {
    const known = new Map<number, string>()
    for (let i = 0; i < open.index.length; i++) known.set(open.index.entries.uids[i] as number, lineOf(open, i))
    this.#holders.push({ box, open, known })
  }

  /** The holders of a deleted mailbox see everything vanish. */
  async #drop(box: ModelBox): Promise<void> {
    box.entries = []
    for (const holder of this.#holders.filter((one) => one.box === box)) {
      await this.#refresh(holder)
      holder.open.close()
    }
    this.#holders = this.#holders.filter((holder) => holder.box !== box)
  }

  async #refresh({ box, open, known }: Holder): Promise<void> {
    const news = await open.refresh()
    for (const uid of news.vanished) expect(known.delete(uid), `uid ${uid} vanished and was not known`).toBe(true)
    for (const uid of news.changed) known.set(uid, lineOf(open, open.index.entries.find(uid)))
    const inboxes = this.#accounts.map(({ boxes }) => boxes.get('INBOX') as ModelBox)
    const truth = (box === 'domain' ? inboxes : [box]).flatMap(lines)
    const told = Array.from(known.values())
    expect(told.sort()).toEqual(truth.sort())
  }

  /** Keeps what is there now with its modseq, and asks what changed since each state kept before. */
  async #look(account: Account, box: ModelBox): Promise<void> {
    const now = lines(box)
    for (const [modSeq, before] of box.seenAt) {
      const { changed, vanished } = await account.changesSince(box.id, modSeq)
      const view = new Map(before.map((text) => [Number(text.split(' ')[0]), text]))
      for (const uid of view.keys()) if (vanished.some(([from, to]) => from <= uid && uid <= to)) view.delete(uid)
      for (const { uid, flags } of changed) view.set(uid, line({ uid, size: 0, ...flags }))
      expect(Array.from(view.values()).sort(), `since ${modSeq}`).toEqual([...now].sort())
    }
    const { highestModSeq } = await account.status(box.id)
    if (box.seenAt.size < 6) box.seenAt.set(highestModSeq, now)
  }

  async end(): Promise<void> {
    for (const holder of this.#holders) await this.#refresh(holder)
    for (const [at, store] of this.#stores.entries()) {
      for (const model of this.#accounts) {
        const account = store.account(model.id)
        for (const box of model.boxes.values()) await this.#compare(account, box, `store ${at}`)
        expect((await account.quota()).messages.used).toBe(this.#used(model))
      }
    }
    expect(await (this.#stores[0] as Store).maintenance.verify()).toEqual([])
    await this.close()
  }

  async #compare(account: Account, box: ModelBox, message: string): Promise<void> {
    await this.#look(account, box)
    const open = await account.open(box.id)
    expect(
      Array.from({ length: open.index.length }, (_, i) => lineOf(open, i)),
      message,
    ).toEqual(lines(box))
    open.close()
    expect(await account.status(box.id)).toMatchObject({
      messages: box.entries.length,
      unseen: box.entries.filter(({ system }) => (system & 1) === 0).length,
      deleted: box.entries.filter(({ system }) => (system & 8) !== 0).length,
      recent: box.entries.filter(({ uid }) => uid > box.recentAfter).length,
      bytes: box.entries.reduce((sum, { size }) => sum + size, 0),
    })
  }

  async close(): Promise<void> {
    for (const { open } of this.#holders.splice(0)) open.close()
    for (const store of this.#stores.splice(0)) await store.close()
  }
}

test('random work on two stores over one folder leads to what a plain model says', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (work) => {
      const folder = await mkdtemp(join(tmpdir(), 'postern-model-'))
      const run = new Run(folder)
      try {
        await run.begin()
        for (const one of work) await run.take(one)
        await run.end()
      } finally {
        await run.close()
        await rm(folder, { recursive: true, force: true })
      }
    }),
    { numRuns: 40, interruptAfterTimeLimit: 12_000 },
  )
})
