// Many messages read at once say the same as each read by itself, wherever their rows lie, and whichever of them are gone.

import { type MailboxId, type OpenMailbox, uidsIn } from '@postern/mailbox-store'
import { FieldPick, headerFields, parseMessage } from '@postern/message'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bytesOf, type EngineUnderTest, type Home, idOf, type MakeEngine, mail, settle } from './engine.js'

/** Small and large, in ASCII and not, a header that breaks off, and none at all. */
const letters: readonly Uint8Array[] = [
  mail('a'),
  mail('b', { headers: 'X-Odd: one\r\nx-odd: two\r\n\tfolded\r\n' }),
  bytesOf('From: breaks off'),
  bytesOf(`Subject: large\r\n\r\n${'0123456789\r\n'.repeat(20_000)}`),
  mail('c', { headers: 'Content-Type: text/html; charset=utf-8\r\n' }),
  bytesOf('From: \u00fc <u@example.net>\r\nSubject: \u00e4\r\n\r\nb\u00f6dy\0\r\n'),
  bytesOf('\r\nonly a body\r\n'),
  Uint8Array.from({ length: 5_000 }, (_, i) => i % 256),
  mail('d'),
]

export function joinedContract(makeEngine: MakeEngine): void {
  let engine: EngineUnderTest
  let home: Home
  let archive: MailboxId
  let box: OpenMailbox
  let now = 1_800_000_000_000

  beforeEach(async () => {
    engine = await makeEngine()
    home = await settle(await engine.open({ now: () => now }))
    archive = await idOf(home.alice, 'Archive')
    await home.alice.append(
      home.inbox,
      letters.map((message) => ({ message })),
    )
    box = await home.alice.open(home.inbox)
  })
  afterEach(async () => {
    box.close()
    await home.store.close()
    await engine.destroy()
  })

  const messagesOf = ({ index }: OpenMailbox): Uint32Array => index.entries.messages.slice(0, index.length)

  /** Of all of them, as a reader would: large ones are asked for by themselves. */
  async function contents(open: OpenMailbox, messages: Uint32Array): Promise<(string | undefined)[]> {
    const found: (string | undefined)[] = []
    const contents = await open.contents(messages)
    for (const [i, message] of messages.entries()) {
      const content = contents[i] ?? (await open.content(message))
      found.push(content && Buffer.from(await content.bytes()).toString('latin1'))
    }
    return found
  }

  async function listed(open: OpenMailbox, messages: Uint32Array): Promise<(string[] | undefined)[]> {
    const listings = await open.listings(messages, { listing: true, header: true })
    const pick = new FieldPick(['x-odd', 'Subject'])
    const said = (write: (into: { part: (bytes: Uint8Array, start: number, end: number) => void }) => void): string => {
      const parts: Uint8Array[] = []
      write({ part: (bytes, start, end) => void parts.push(bytes.subarray(start, end)) })
      return Buffer.concat(parts).toString('latin1')
    }
    return Array.from(messages, (_, i) => {
      if (!listings.seek(i)) return undefined
      return [
        said((into) => listings.envelope(into, { utf8: false })),
        said((into) => listings.structure(into, { utf8: true })),
        Buffer.from(listings.header).toString('latin1'),
        said((into) => {
          const size = listings.pick(pick)
          let left = size
          pick.write({
            part(bytes, start, end) {
              left -= end - start
              into.part(bytes, start, end)
            },
          })
          expect(left).toBe(0)
        }),
      ]
    })
  }

  const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
  const listedAlone = (letter: Uint8Array): string[] => {
    const { envelope, bodyStructure, bodyStructureUtf8 = bodyStructure, bodyStart } = parseMessage(letter)
    const header = letter.subarray(0, bodyStart)
    return [
      envelope,
      Buffer.from(bodyStructureUtf8).toString('latin1'),
      latin1(header),
      latin1(headerFields(header, ['x-odd', 'Subject'])),
    ]
  }

  describe('many messages at once', () => {
    test('contents and listings are what was stored', async () => {
      const messages = messagesOf(box)
      expect(await contents(box, messages)).toEqual(letters.map(latin1))
      expect(await listed(box, messages)).toEqual(letters.map(listedAlone))
      expect(await contents(box, messages.subarray(0, 0))).toEqual([])
      expect(await listed(box, messages.subarray(0, 0))).toEqual([])
    })

    test('in the order they were asked for, scattered and doubled', async () => {
      const order = [8, 0, 3, 5, 5, 1]
      const messages = messagesOf(box)
      const asked = Uint32Array.from(order, (i) => messages[i] as number)
      expect(await contents(box, asked)).toEqual(order.map((i) => latin1(letters[i] as Uint8Array)))
      expect(await listed(box, asked)).toEqual(order.map((i) => listedAlone(letters[i] as Uint8Array)))
    })

    test('what is purged is missing, and nothing takes its place', async () => {
      const messages = messagesOf(box)
      await home.alice.copy(home.inbox, [[1, 1]], archive)
      await home.alice.remove(home.inbox, [
        [1, 2],
        [4, 4],
        [9, 9],
      ])
      now += 3_600_000
      while (await home.store.maintenance.sweep());
      const gone = new Set(
        uidsIn([
          [2, 2],
          [4, 4],
          [9, 9],
        ]),
      )
      const left = <T>(of: (letter: Uint8Array) => T) =>
        letters.map((letter, i) => (gone.has(i + 1) ? undefined : of(letter)))
      expect(await contents(box, messages)).toEqual(left(latin1))
      expect(await listed(box, messages)).toEqual(left(listedAlone))
    })

    test('small ones are at hand, large ones are not', async () => {
      const held = (await box.contents(messagesOf(box))).map((content) => content?.held?.length)
      expect(held).toEqual(letters.map(({ length }) => (length > 100_000 ? undefined : length)))
    })
  })
}
