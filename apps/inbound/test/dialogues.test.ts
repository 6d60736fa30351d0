// Every conversation in dialogues/, whole and one byte at a time, against a real store.

import { readdirSync, readFileSync } from 'node:fs'
import { parseScripts, play } from '@postern/dialogue'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestServer } from './server.js'

const folder = new URL('dialogues/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start({ limits: { messageBytesMax: 20_000, overrunBytesMax: 10_000, recipientsMax: 5 } })
})
afterAll(() => server.close())

describe.each(files)('%s', (file) => {
  const scripts = parseScripts(readFileSync(new URL(file, folder), 'utf8'))
  describe.each([
    ['whole', false],
    ['byte by byte', true],
  ] as const)('%s', (_, byteByByte) => {
    test.each(scripts.map((script) => [script.title, script] as const))('%s', async (_title, script) => {
      const town = await server.settle()
      server.parts.errors.length = 0
      await play(script, {
        connect: () => server.connect(),
        given: (text) => town.given(text),
        byteByByte,
        patienceMs: 3_000,
        bindings: new Map([['town', town.name]]),
      })
      expect(server.parts.errors).toEqual([])
    })
  })
})
