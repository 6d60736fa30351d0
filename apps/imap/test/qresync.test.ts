// A client that knows nothing but QRESYNC against a mailbox that others change: it leaves and comes back, believes what it is
// told, keeps the HIGHESTMODSEQ by RFC 7162 §6's rules, and must always know what is there.

import type { Wire } from '@postern/dialogue'
import { type Account, type MailboxId, systemFlag } from '@postern/mailbox-store'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start()
})
afterAll(() => server.close())

class Client {
  readonly known = new Map<number, string>()
  validity = 0
  modSeq = 0
  #seen = 0
  #told: number | undefined
  #isNew = false
  #tags = 0
  #rest = ''

  async say(wire: Wire, words: string): Promise<void> {
    const tag = `t${++this.#tags}`
    await wire.write(Buffer.from(`${tag} ${words}\r\n`))
    this.#seen = 0
    this.#told = undefined
    this.#isNew = false
    for (;;) {
      const end = this.#rest.indexOf('\r\n')
      if (end < 0) this.#rest += Buffer.from((await wire.read()) ?? []).toString('latin1')
      else {
        const line = this.#rest.slice(0, end)
        this.#rest = this.#rest.slice(end + 2)
        this.#hear(line)
        if (!line.startsWith(`${tag} `)) continue
        expect(line).toMatch(/^t\d+ OK/)
        break
      }
    }
    this.modSeq = this.#told ?? Math.max(this.modSeq, this.#seen)
    // EXISTS says that there are new ones, and nothing more.
    if (this.#isNew && !words.startsWith('SELECT')) await this.say(wire, `UID FETCH ${this.#last + 1}:* (FLAGS)`)
  }

  get #last(): number {
    return Math.max(0, ...this.known.keys())
  }

  #hear(line: string): void {
    if (/^\* \d+ EXISTS$/.test(line)) this.#isNew = true
    const validity = /\[UIDVALIDITY (\d+)\]/.exec(line)
    if (validity !== null) this.validity = Number(validity[1])
    const highest = /\[HIGHESTMODSEQ (\d+)\]/.exec(line)
    if (highest !== null) this.#told = Number(highest[1])
    const vanished = /^\* VANISHED (\(EARLIER\) )?(.*)$/.exec(line)
    for (const range of vanished?.[2]?.split(',') ?? []) {
      const [from = 0, to = from] = range.split(':').map(Number)
      for (let uid = from; uid <= to; uid++) {
        // Without EARLIER it takes a message away that the client counts.
        if (vanished?.[1] === undefined && uid <= this.#last) expect(this.known.has(uid)).toBe(true)
        this.known.delete(uid)
      }
    }
    const fetched = /^\* \d+ FETCH \(UID (\d+)(?: FLAGS \((.*?)\))?(?: MODSEQ \((\d+)\))?/.exec(line)
    if (fetched === null) return
    // No modseq moves when a message is no longer recent: that a client forgets by itself.
    if (fetched[2] !== undefined) this.known.set(Number(fetched[1]), fetched[2].replace(/ ?\\Recent/, ''))
    this.#seen = Math.max(this.#seen, Number(fetched[3] ?? 0))
  }
}

async function there(account: Account, mailbox: MailboxId): Promise<Map<number, string>> {
  const { changed } = await account.changesSince(mailbox, 0)
  const words = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft']
  const bits = [systemFlag.answered, systemFlag.flagged, systemFlag.deleted, systemFlag.seen, systemFlag.draft]
  return new Map(
    changed.map(({ uid, flags }) => [
      uid,
      words.filter((_, i) => (flags.system & (bits[i] as number)) !== 0).join(' '),
    ]),
  )
}

test('whatever happens while it is away or waiting, it knows what is there', async () => {
  const town = await server.settle()
  town.beginning = ['LOGIN ada secret', 'ENABLE QRESYNC']
  const { ada } = town
  const { id } = (await ada.mailbox('INBOX')) as { id: MailboxId }
  const client = new Client()
  let state = 11
  const below = (n: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * n)
  }
  const change = async (): Promise<void> => {
    const uid = 1 + below((await ada.status(id)).uidNext)
    const what = below(4)
    if (what === 0) await town.given('mailbox INBOX: x')
    else if (what === 1) await ada.remove(id, [[uid, uid + below(2)]])
    else await ada.setFlags(id, [[uid, uid]], { how: 'add', flags: { system: 1 << below(5), keywords: [] } })
  }
  await town.given('mailbox INBOX: a b c d e f')
  for (let round = 0; round < 60; round++) {
    const wire = await server.connect()
    const since = client.validity === 0 ? '' : ` (QRESYNC (${client.validity} ${client.modSeq}))`
    await client.say(wire, `SELECT INBOX${since}`)
    if (since === '') await client.say(wire, 'UID FETCH 1:* (FLAGS)')
    expect(client.known).toEqual(await there(ada, id))
    for (let step = 0; step < 6; step++) {
      await change()
      const count = client.known.size
      // What a command by number says of modseqs must not hide an expunge that waits.
      if (below(2) === 0 && count > 0) await client.say(wire, `FETCH 1:${count} (UID FLAGS MODSEQ)`)
      else if (below(3) === 0) await client.say(wire, 'NOOP')
    }
    wire.close()
    for (let step = below(4); step > 0; step--) await change()
  }
}, 60_000)
