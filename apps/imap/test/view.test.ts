// The view against the plainest model there can be: an array of the uids that the client believes in, moved only by the
// lines it is told. Several views share one mailbox and its index; whatever happens, in whatever order they hear of it,
// numbers must mean to the view what they mean to the client (RFC 9051 §7.5.1).

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writer } from '@postern/imap-wire'
import { type Account, type MailboxId, openStore, type Store } from '@postern/mailbox-store'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tell } from '../src/telling.js'
import { View } from '../src/view.js'

let folder: string
let store: Store
let otherStore: Store
let account: Account
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-view-'))
  store = await openStore({ folder })
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const domain = await store.directory.createDomain({ environment: environment.id, name: 'example.test' })
  account = store.account((await store.directory.createInbox({ domain: domain.id, address: 'ada@example.test' })).id)
  otherStore = await openStore({ folder })
})
afterAll(async () => {
  await otherStore.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

/** Numbers that look random and are the same in every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    return Math.floor((((state ^ (state >>> 13)) >>> 0) / 0x1_0000_0000) * below)
  }
}

/** Full after every line: whoever tells must wait. */
class Patient extends Writer {
  #written = ''
  breaths = 0
  readonly #meanwhile: () => Promise<void>

  constructor(meanwhile: () => Promise<void> = async () => {}) {
    super()
    this.#meanwhile = meanwhile
  }

  get isFull(): boolean {
    return this.length > 0
  }

  async breathe(): Promise<void> {
    this.#written += Buffer.from(this.take()).toString()
    this.breaths++
    await this.#meanwhile()
  }

  all(): string {
    return this.#written + Buffer.from(this.take()).toString()
  }
}

/** What is in the mailbox, uid → flagged. */
type Truth = ReadonlyMap<number, boolean>

class Client {
  readonly view: View
  uids: number[]
  flagged = new Map<number, boolean>()
  #maxTold: number
  /** The highest uid there was when this view itself last heard. */
  #newest: number

  constructor(view: View, truth: Truth) {
    this.view = view
    this.uids = [...truth.keys()]
    for (const [uid, flagged] of truth) this.flagged.set(uid, flagged)
    this.#maxTold = this.uids.at(-1) ?? 0
    this.#newest = this.#maxTold
  }

  async hear(truth: Truth): Promise<void> {
    await this.view.hear()
    this.#newest = Math.max(this.#newest, ...truth.keys())
  }

  /** Of these, what the client shall know when it's told everything. */
  shallKnow(truth: Truth): number[] {
    return [...truth.keys()].filter((uid) => uid <= this.#newest)
  }

  hearLines(text: string, truth: Truth): void {
    for (const line of text.split('\r\n').slice(0, -1)) {
      const [, number = '', word = '', rest = ''] = /^\* (\d+) (\w+) ?(.*)$/.exec(line) ?? []
      const n = Number(number)
      if (word === 'EXPUNGE') {
        const [gone] = this.uids.splice(n - 1, 1)
        expect(gone !== undefined && !truth.has(gone), `${line} means ${gone}, which is there`).toBe(true)
      } else if (word === 'EXISTS') {
        const fresh = this.shallKnow(truth).filter((uid) => uid > this.#maxTold)
        expect(n).toBe(this.uids.length + fresh.length)
        this.uids.push(...fresh)
        for (const uid of fresh) this.flagged.set(uid, truth.get(uid) as boolean)
        this.#maxTold = fresh.at(-1) ?? this.#maxTold
      } else if (word === 'FETCH') this.flagged.set(this.uids[n - 1] as number, rest.includes('\\Flagged'))
      else throw new Error(`what is ${line}?`)
    }
  }

  check(truth: Truth, random: (below: number) => number): void {
    const { uids, view } = this
    expect(view.count).toBe(uids.length)
    const there = uids.filter((uid) => truth.has(uid))
    expect(view.hasGone).toBe(there.length < uids.length)
    expect(view.lastUid).toBe(there.at(-1) ?? 0)
    for (const uid of there) expect(view.numberOf(uid)).toBe(uids.indexOf(uid) + 1)
    const from = 1 + random(uids.length + 1)
    const to = from + random(uids.length + 2)
    const byNumber = view.targets([[from, to]], { uid: false })
    expect([...byNumber.uids]).toEqual(uids.slice(from - 1, to).filter((uid) => truth.has(uid)))
    const byUid = view.targets([[from, to]], { uid: true })
    expect([...byUid.uids]).toEqual(there.filter((uid) => uid >= from && uid <= to))
    expect([...byUid.numbers]).toEqual([...byUid.uids].map((uid) => uids.indexOf(uid) + 1))
  }
}

/** What the views' own process does is in the index with the commit, what another one does when somebody has refreshed it. */
async function walk(seed: number, mailbox: MailboxId, others: boolean): Promise<void> {
  const writing = others ? otherStore.account(account.id) : account
  const random = randomOf(seed)
  const truth = new Map<number, boolean>()
  /** As it is in the index. */
  let shared: Truth = new Map()
  const clients: Client[] = []
  const someUid = (): number => [...truth.keys()][random(truth.size)] ?? 1
  const refreshed = (): void => {
    shared = new Map(truth)
  }
  for (let step = 0; step < 120; step++) {
    const client = clients[random(clients.length)]
    switch (random(8)) {
      case 0:
      case 1: {
        const messages = Array.from({ length: 1 + random(3) }, () => ({ message: Buffer.from('A: b\r\n\r\nc\r\n') }))
        for (const uid of (await writing.append(mailbox, messages)).uids) truth.set(uid, false)
        break
      }
      case 2: {
        const from = someUid()
        for (const uid of (await writing.remove(mailbox, [[from, from + random(3)]])).uids) truth.delete(uid)
        break
      }
      case 3: {
        const uid = someUid()
        const flags = { system: 4, keywords: [] }
        const how = truth.get(uid) === true ? 'remove' : 'add'
        for (const one of (await writing.setFlags(mailbox, [[uid, uid]], { how, flags })).changed)
          truth.set(one, how === 'add')
        break
      }
      case 4: {
        if (clients.length === 4) clients.splice(random(4), 1)[0]?.view.close()
        const open = await account.open(mailbox)
        refreshed()
        // Somebody else moves the index on before the view is made.
        if (client !== undefined && clients.includes(client) && random(2) === 0) await client.hear(truth)
        clients.push(new Client(new View(open), shared))
        break
      }
      case 5:
        await Promise.all(clients.filter((_, i) => i === 0 || random(2) === 0).map((one) => one.hear(truth)))
        if (clients.length > 0) refreshed()
        break
      default: {
        if (client === undefined) break
        if (random(3) > 0) {
          await client.hear(truth)
          refreshed()
        }
        const expunges = random(2) === 0
        const out = new Patient()
        await tell(client.view, out, { expunges, modSeq: false, uid: false })
        client.hearLines(out.all(), shared)
        if (!expunges) break
        expect(client.uids).toEqual(client.shallKnow(shared))
        for (const uid of client.uids) expect([uid, client.flagged.get(uid)]).toEqual([uid, shared.get(uid)])
      }
    }
    if (!others) refreshed()
    for (const one of clients) one.check(shared, random)
  }
  for (const { view } of clients) view.close()
}

const seeds = Array.from({ length: 16 }, (_, i) => i + 1)
test.each(seeds)('a random walk of several views, seed %i', async (seed) => {
  await walk(seed, await account.createMailbox(`walk${seed}`), false)
})
test.each(seeds)('a random walk of several views while another process writes, seed %i', async (seed) => {
  await walk(seed, await account.createMailbox(`other walk${seed}`), true)
})

test('telling much waits for the client, and what happens meanwhile has its turn later', async () => {
  const mailbox = await account.createMailbox('Told slowly')
  const message = Buffer.from('A: b\r\n\r\nc\r\n')
  await account.append(
    mailbox,
    Array.from({ length: 6 }, () => ({ message })),
  )
  const view = new View(await account.open(mailbox))
  const other = new View(await account.open(mailbox))
  await account.remove(mailbox, [[2, 3]])
  await account.setFlags(mailbox, [[4, 6]], { how: 'add', flags: { system: 1, keywords: [] } })
  await view.hear()
  const out = new Patient(async () => {
    if (out.breaths !== 1) return
    await account.remove(mailbox, [[5, 5]])
    await other.hear()
  })
  await tell(view, out, { expunges: true, modSeq: false, uid: true })
  expect(out.breaths).toBeGreaterThan(2)
  expect(out.all().split('\r\n').slice(0, -1)).toEqual([
    '* 2 EXPUNGE',
    '* 2 EXPUNGE',
    '* 2 FETCH (UID 4 FLAGS (\\Seen))',
    '* 4 FETCH (UID 6 FLAGS (\\Seen))',
  ])
  expect(view.count).toBe(4)
  await view.hear()
  const rest = new Patient()
  await tell(view, rest, { expunges: true, modSeq: false, uid: true })
  expect(rest.all()).toBe('* 3 EXPUNGE\r\n')
  for (const one of [view, other]) one.close()
})
