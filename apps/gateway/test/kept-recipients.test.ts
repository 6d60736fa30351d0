// What is known of recipients: looked up once, and yet never older than the directory but for a fifth of a second. Contract F1.

import { type Domain, openStore, type Store } from '@postern/mailbox-store'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { askedTogether } from '../src/sending/kept-lookups.js'
import { keptRecipients } from '../src/sending/kept-recipients.js'
import { newFolder } from './gateway-process.js'

let store: Store
let domain: Domain
let asked: string[]
let find: ReturnType<typeof keptRecipients>

beforeEach(async () => {
  store = await openStore({ folder: newFolder() })
  onTestFinished(() => store.close())
  const { directory } = store
  const { environment } = await directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const made = await directory.createDomain({ environment: environment.id, name: 'example.test' })
  domain = await directory.markDomainVerified(made.id, { how: 'operator' })
  asked = []
  find = keptRecipients(
    new Proxy(directory, {
      get(target, name) {
        const method = Reflect.get(target, name) as unknown
        if (typeof method !== 'function') return method
        return (...words: unknown[]) => {
          if (name !== 'version') asked.push(String(name))
          return method.apply(target, words)
        }
      },
    }),
  )
})

const patient = { timeout: 10_000 }
const inbox = (address: string, more = {}) => store.directory.createInbox({ domain: domain.id, address, ...more })

test('an address is looked up once for many messages', async () => {
  await inbox('ada@example.test')
  for (let n = 0; n < 20; n++) expect(await find('ada@example.test')).toMatchObject({ kind: 'inbox' })
  expect(asked.filter((name) => name === 'findAddress')).toHaveLength(1)
})

test('whoever is not here yet is asked for each time: an inbox has its mail at once', async () => {
  expect(await find('ada@example.test')).toMatchObject({ kind: 'unknown' })
  await inbox('ada@example.test')
  expect(await find('ada@example.test')).toMatchObject({ kind: 'inbox', inbox: { address: 'ada@example.test' } })
})

test('how full an inbox with a quota is, is read each time', async () => {
  const { id } = await inbox('ada@example.test', { quotaMessages: 2 })
  const used = async (): Promise<number | undefined> => {
    const facts = await find('ada@example.test')
    return facts.kind === 'inbox' ? facts.inbox.usedMessages : undefined
  }
  expect(await used()).toBe(0)
  const account = store.account(id)
  const box = await account.mailbox('INBOX')
  await account.append(box?.id as never, [{ message: Buffer.from('Subject: x\r\n\r\nx\r\n') }])
  expect(await used()).toBe(1)
})

test('an inbox with a quota that has just gone is nobody', async () => {
  const { id } = await inbox('ada@example.test', { quotaMessages: 2 })
  await find('ada@example.test')
  await store.directory.deleteInbox(id)
  expect(await find('ada@example.test')).toMatchObject({ kind: 'unknown' })
})

test('what is changed holds within a moment: disabled, deleted, another mode', async () => {
  const [ada, bob] = [await inbox('ada@example.test'), await inbox('bob@example.test')]
  await find('ada@example.test')
  await find('bob@example.test')
  await store.directory.updateInbox(ada.id, { disabled: true })
  await expect.poll(() => find('ada@example.test'), patient).toMatchObject({ inbox: { disabled: true } })
  await store.directory.deleteInbox(bob.id)
  await expect.poll(() => find('bob@example.test'), patient).toMatchObject({ kind: 'unknown' })
  await store.directory.updateDomain(domain.id, { mode: 'zero-retention' })
  await expect.poll(() => find('ada@example.test'), patient).toMatchObject({ domain: { mode: 'zero-retention' } })
})

test('a message for a hundred inboxes asks for the directory’s version once', async () => {
  let asked = 0
  const version = askedTogether(async () => ++asked)
  const each = async (): Promise<number> => {
    await undefined
    return version()
  }
  expect(new Set(await Promise.all(Array.from({ length: 100 }, each)))).toEqual(new Set([1]))
  expect(await version()).toBe(2)
})
