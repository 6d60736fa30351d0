// What a domain says about retention, as the store's rules; and what becomes of mail by them, on a store whose clock is the test's.

import { type Account, type DomainId, openStore } from '@postern/mailbox-store'
import { expect, onTestFinished, test } from 'vitest'
import { retentionRules, rulesOf } from '../src/parts/retention.js'
import { newFolder } from './gateway-process.js'

const id = 7 as DomainId
const dayMs = 86_400_000

test('a domain that says nothing empties Trash and Spam after 30 days', () => {
  expect(rulesOf({ id, settings: {} })).toEqual([
    { domain: id, mailbox: '\\Trash', days: 30 },
    { domain: id, mailbox: '\\Junk', days: 30 },
  ])
})

test('what it says holds in the place of that, by use or by name; 0 is for ever', () => {
  expect(rulesOf({ id, settings: { retentionDays: { Trash: 7, '\\Junk': 0, '*': 365 } } })).toEqual([
    { domain: id, mailbox: 'Trash', days: 7 },
    { domain: id, mailbox: '\\Junk', days: Number.POSITIVE_INFINITY },
    { domain: id, mailbox: '*', days: 365 },
  ])
})

test('on the 31st day Trash and Spam are empty; INBOX, and an inbox under legal hold, have all they had', async () => {
  let now = Date.UTC(2026, 0, 1)
  const store = await openStore({ folder: newFolder(), now: () => now })
  onTestFinished(() => store.close())
  const { directory, maintenance } = store
  const { environment } = await directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const domain = await directory.createDomain({ environment: environment.id, name: 'example.test' })
  const opened = async (name: string): Promise<Account> => {
    const { id: account } = await directory.createInbox({ domain: domain.id, address: `${name}@example.test` })
    if (name === 'held') await directory.updateInbox(account, { legalHold: true })
    return store.account(account)
  }
  const accounts = [await opened('ada'), await opened('held')]
  const mailboxes = ['INBOX', 'Trash', 'Spam']
  for (const account of accounts)
    for (const name of mailboxes) {
      const mailbox = (await account.mailbox(name))!.id
      await account.append(mailbox, [{ message: await store.stage(Buffer.from('Subject: x\r\n\r\n')) }])
    }
  const held = async (): Promise<number[][]> =>
    Promise.all(
      accounts.map((account) =>
        Promise.all(mailboxes.map(async (name) => (await account.mailbox(name))!.status.messages)),
      ),
    )
  const sweep = async (): Promise<void> => {
    const retention = await retentionRules(directory)
    while (await maintenance.sweep({ retention }));
  }
  now += 30 * dayMs - 1_000
  await sweep()
  expect(await held()).toEqual([
    [1, 1, 1],
    [1, 1, 1],
  ])
  now += 2_000
  await sweep()
  expect(await held()).toEqual([
    [1, 0, 0],
    [1, 1, 1],
  ])
  await directory.updateDomain(domain.id, { settings: { retentionDays: { '*': 100, '\\Trash': 0 } } })
  now += 100 * dayMs
  await sweep()
  expect(await held()).toEqual([
    [0, 0, 0],
    [1, 1, 1],
  ])
})
