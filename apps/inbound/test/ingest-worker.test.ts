// The worker that docs/operations.md prints for Cloudflare's Email Routing, as it stands there.

import { readFile } from 'node:fs/promises'
import type { Inbox } from '@postern/mailbox-store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addKey, type Door, openDoor, plain } from './ingest-door.js'

interface Worker {
  email(message: object, env: Readonly<Record<string, string>>): Promise<void>
}

let door: Door
let ada: Inbox
let worker: Worker

beforeEach(async () => {
  door = await openDoor()
  // The worker's own clock.
  door.clock.now = Date.now()
  ada = await door.inbox('ada')
  const text = await readFile(new URL('../../../docs/operations.md', import.meta.url), 'utf8')
  const [, code = ''] = /```js\n(.*?)```/s.exec(text) ?? []
  worker = (await import(`data:text/javascript,${encodeURIComponent(code)}`)).default
})
afterEach(() => door.close())

test('hands over what it is given, once, and rejects what is refused', async () => {
  const key = addKey(door, 'cloudflare')
  const env = { POSTERN_URL: door.url, POSTERN_KEY: key.publicId, POSTERN_SECRET: key.secret }
  const rejected: string[] = []
  const message = (to = ada.address): object => ({
    ...{ from: 'carol@example.org', to, raw: new Blob([plain]).stream() },
    setReject: (reason: string) => void rejected.push(reason),
  })
  await worker.email(message(), env)
  await worker.email(message(), env)
  const mails = await door.mails(ada)
  expect(mails).toHaveLength(1)
  expect(mails[0]?.endsWith(plain)).toBe(true)
  await worker.email(message('nobody@example.test'), env)
  expect(rejected).toEqual(['There is no inbox nobody@example.test.'])
  await expect(worker.email(message(), { ...env, POSTERN_SECRET: 'wrong' })).rejects.toThrow('Postern answered 401')
})
