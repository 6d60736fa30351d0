// What clients say in the dialogues, cut, doubled and mixed up: whatever comes of it ends in BAD, NO or a goodbye, never in
// an error of the server's, and another session doesn't notice.

import { readdirSync, readFileSync } from 'node:fs'
import { parseScripts, type Wire } from '@postern/dialogue'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestServer } from './server.js'

const folder = new URL('dialogues/', import.meta.url)
const lines = readdirSync(folder)
  .flatMap((name) => parseScripts(readFileSync(new URL(name, folder), 'utf8')))
  .flatMap(({ steps }) => steps)
  .flatMap((step) => (step.kind === 'say' ? Buffer.from(step.bytes).toString('latin1') : []))
  .filter((line) => !/LOGOUT/i.test(line))
const words = [...new Set(lines.flatMap((line) => line.split(/([ ()[\]<>"\r\n])/)))]

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start({ lingerMs: 50, badCommandsMax: 1_000 })
})
afterAll(() => server.close())

function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
}

function mutated(random: (below: number) => number): string {
  const parts = (lines[random(lines.length)] as string).split(/([ ()[\]<>"\r\n])/)
  for (let n = random(3); n > 0; n--) {
    const at = random(parts.length)
    const word = words[random(words.length)] as string
    parts.splice(at, random(2), ...(random(3) === 0 ? [] : [word]))
  }
  return parts.join('')
}

test.each([1, 2, 3, 4, 5, 6])('a session of mutated commands, seed %i', async (seed) => {
  const random = randomOf(seed)
  const town = await server.settle()
  await town.given('mailbox INBOX: a b nested.eml')
  await town.given('mailbox Archive: c')
  await town.given('selected INBOX')
  server.errors.length = 0
  const calm = await server.connect()
  let heard = ''
  const wild = new Wild((text) => {
    heard += text
  })
  for (let n = 0; n < 250; n++) {
    // Back into a mailbox now and then, or most of the rest would be commands in the wrong state.
    if (n % 20 === 19) await wild.say('\r\nback SELECT INBOX\r\n')
    const text = mutated(random)
    // A literal would swallow what comes next, which is a mutation too, but not one without an end.
    await wild.say(text.replace(/\{\d{3,}/g, '{7'))
    if (random(10) === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await wild.end()
  // Enough of it must have been understood for the rest to mean anything.
  expect(heard.match(/ OK /g)?.length).toBeGreaterThan(30)
  expect(heard).not.toContain('SERVERBUG')
  expect(server.errors).toEqual([])
  await calm.write(Buffer.from('a NOOP\r\n'))
  let answer = ''
  while (!answer.includes('a OK')) answer += Buffer.from((await calm.read()) as Uint8Array).toString('latin1')
  calm.close()
})

/** A client that comes again when the server has had enough of it. */
class Wild {
  readonly #hear: (text: string) => void
  #wire: Wire | undefined
  #reading: Promise<void> = Promise.resolve()

  constructor(hear: (text: string) => void) {
    this.#hear = hear
  }

  async say(text: string): Promise<void> {
    const wire = this.#wire ?? (await this.#begin())
    await wire.write(Buffer.from(text, 'latin1'))
  }

  async #begin(): Promise<Wire> {
    const wire = await server.connect()
    this.#wire = wire
    this.#reading = (async () => {
      for (let bytes = await wire.read(); bytes !== undefined; bytes = await wire.read())
        this.#hear(Buffer.from(bytes).toString('latin1'))
      if (this.#wire === wire) this.#wire = undefined
    })()
    return wire
  }

  /** Out of IDLE, of AUTHENTICATE, and of a literal that was announced; then what's still to be heard is awaited. */
  async end(): Promise<void> {
    await this.say('\r\nDONE\r\n*\r\nend LOGOUT\r\n\r\nend LOGOUT\r\n\r\nend LOGOUT\r\n')
    await Promise.race([this.#reading, new Promise((resolve) => setTimeout(resolve, 3_000))])
    this.#wire?.close()
  }
}
