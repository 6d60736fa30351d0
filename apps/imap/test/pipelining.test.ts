// STOREs that a client sends without waiting: they share commits, each is answered in its place, and what the client
// believes of the flags in the end is what they are, whatever another session has done in between. RFC 9051 §5.5.

import type { Wire } from '@postern/dialogue'
import type { MailboxListing } from '@postern/mailbox-store'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestServer } from './server.js'

const messages = 20
let server: TestServer
beforeAll(async () => {
  server = await TestServer.start()
})
afterAll(() => server.close())

const say = (wire: Wire, text: string): void => void wire.write(Buffer.from(text, 'latin1'))

async function heard(wire: Wire, tag: string): Promise<string[]> {
  let text = ''
  while (!text.includes(`\r\n${tag} OK`) && !text.startsWith(`${tag} OK`)) {
    const bytes = await wire.read()
    if (bytes === undefined) throw new Error(`the end, before ${tag}: ${text}`)
    text += Buffer.from(bytes).toString('latin1')
  }
  return text.split('\r\n').slice(0, -1)
}

async function mailboxOf(): Promise<{ mailbox: MailboxListing; wires: [Wire, Wire] }> {
  const town = await server.settle()
  await town.given('logged in')
  const inbox = (await town.ada.mailbox('INBOX')) as MailboxListing
  const message = Buffer.from('A: b\r\n\r\nc\r\n')
  await town.ada.append(
    inbox.id,
    Array.from({ length: messages }, () => ({ message })),
  )
  await town.given('selected INBOX')
  return { mailbox: inbox, wires: [await server.connect(), await server.connect()] }
}

test('a thousand of them take few commits, and every one has its answer in its place', async () => {
  const { wires } = await mailboxOf()
  const before = server.commits
  const lines = Array.from({ length: 1_000 }, (_, i) => {
    const sign = i < messages ? '+' : i % 3 === 0 ? '-' : '+'
    return `t${i} UID STORE ${(i % messages) + 1} ${sign}FLAGS.SILENT (\\Flagged)\r\n`
  })
  say(wires[0], lines.join(''))
  const answers = await heard(wires[0], 't999')
  expect(answers.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(lines.map((_, i) => `t${i} OK`))
  expect(server.commits - before).toBeLessThan(60)
  for (const wire of wires) wire.close()
})

function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
}

/** What a client knows of flags: what it was told, and what its own silent STOREs did when they were answered. */
class Believer {
  readonly flags = new Map<number, Set<string>>()
  readonly #asked = new Map<string, { uid: number; sign: string; flag: string }>()

  ask(tag: string, random: (below: number) => number, flags: readonly string[]): string {
    const asked = {
      uid: 1 + random(messages),
      sign: random(3) === 0 ? '-' : '+',
      flag: flags[random(flags.length)] as string,
    }
    const silent = random(2) === 0
    if (silent) this.#asked.set(tag, asked)
    const name = random(2) === 0 ? 'UID STORE' : 'STORE'
    return `${tag} ${name} ${asked.uid} ${asked.sign}FLAGS${silent ? '.SILENT' : ''} (${asked.flag})\r\n`
  }

  hear(line: string): void {
    const told = /^\* (\d+) FETCH \(.*FLAGS \(([^)]*)\)/.exec(line)
    if (told !== null) this.flags.set(Number(told[1]), new Set(told[2]?.split(' ').filter((flag) => flag !== '')))
    const asked = this.#asked.get(line.split(' ', 1)[0] as string)
    if (asked === undefined) return
    expect(line).toMatch(/^\S+ OK/)
    const flags = this.flags.get(asked.uid) ?? new Set()
    if (asked.sign === '+') flags.add(asked.flag)
    else flags.delete(asked.flag)
    this.flags.set(asked.uid, flags)
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])('two clients that don’t wait know all flags in the end, seed %i', async (seed) => {
  const random = randomOf(seed)
  const { wires } = await mailboxOf()
  // Each has flags of its own, so that what a silent STORE does is known when it's answered.
  const words = [
    ['\\Seen', '\\Flagged', 'mine'],
    ['\\Draft', '\\Answered', 'yours'],
  ]
  const believers = wires.map(() => new Believer())
  for (let round = 0; round < 12; round++) {
    await Promise.all(
      wires.map(async (wire, who) => {
        const tags = Array.from({ length: 1 + random(40) }, (_, i) => `r${round}n${i}`)
        const believer = believers[who] as Believer
        say(wire, tags.map((tag) => believer.ask(tag, random, words[who] as string[])).join(''))
        for (const line of await heard(wire, tags.at(-1) as string)) believer.hear(line)
      }),
    )
  }
  for (const [who, wire] of wires.entries()) {
    say(wire, 'last NOOP\r\n')
    for (const line of await heard(wire, 'last')) believers[who]?.hear(line)
    say(wire, 'truth FETCH 1:* (FLAGS)\r\n')
    const truth = new Believer()
    for (const line of await heard(wire, 'truth')) truth.hear(line)
    for (let uid = 1; uid <= messages; uid++)
      expect([uid, [...(believers[who]?.flags.get(uid) ?? [])].sort()]).toEqual([
        uid,
        [...(truth.flags.get(uid) ?? [])].sort(),
      ])
    wire.close()
  }
  expect(server.errors).toEqual([])
})
