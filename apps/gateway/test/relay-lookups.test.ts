// What the relay is told of addresses on this gateway, from a real directory: who takes a message now, and whose INBOX takes a
// notification.

import { randomBytes } from 'node:crypto'
import { load } from '@postern/config'
import { type DomainMode, openStore } from '@postern/mailbox-store'
import { readRoute } from '@postern/routing'
import { expect, onTestFinished, test } from 'vitest'
import { sendingDefaults } from '../src/sending/defaults.js'
import { relayLookups } from '../src/sending/relay-lookups.js'
import { sealedRecords } from '../src/sending/sealed-records.js'
import { SendingLookups } from '../src/sending/sending-lookups.js'
import { newFolder } from './gateway-process.js'

async function town(mode: DomainMode = 'retained', catchAll = false) {
  const store = await openStore({ folder: newFolder() })
  onTestFinished(() => store.close())
  const { directory } = store
  const { environment } = await directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const domain = await directory.createDomain({
    environment: environment.id,
    name: 'example.test',
    mode,
    catchAll,
    settings: { publicKey: 'k' },
  })
  await directory.markDomainVerified(domain.id, { how: 'operator' })
  const ada = await directory.createInbox({ domain: domain.id, address: 'ada@example.test' })
  const sealed = sealedRecords(randomBytes(32))
  const lookups = new SendingLookups({
    ...{ directory, sealed, fallback: readRoute('direct') },
    defaults: sendingDefaults(load({})),
    elapsedMs: () => 0,
  })
  return { directory, ada, sealed, ...relayLookups(directory, { lookups, sealed }) }
}

test('an inbox takes it, one that is disabled and one that is none do not, and elsewhere is elsewhere', async () => {
  const { directory, ada, localOf } = await town()
  expect(await localOf('ada+news@example.test')).toEqual({ account: ada.id })
  expect(await localOf('nobody@example.test')).toMatchObject({ status: '5.1.1' })
  expect(await localOf('ada@remote.test')).toBeUndefined()
  await directory.updateInbox(ada.id, { disabled: true })
  expect(await localOf('ada@example.test')).toMatchObject({ status: '5.2.1' })
})

test('a domain that keeps no mail has its sink take it, and takes none without one; one that keeps it encrypted takes it', async () => {
  const none = await town('zero-retention')
  expect(await none.localOf('ada@example.test')).toMatchObject({ status: '5.2.1' })
  const sink = { url: 'https://hooks.example.net/', secret: 's' }
  const domain = await none.directory.getDomain(none.ada.domain)
  await none.directory.updateDomain(domain.id, { sink: none.sealed.sealSink(sink, domain) })
  expect(await none.localOf('ada@example.test')).toEqual({ sink })
  const other = await town('encrypted')
  expect(await other.localOf('ada@example.test')).toEqual({ account: other.ada.id })
})

test('a domain that makes inboxes makes one, and the same for two at once', async () => {
  const { localOf } = await town('retained', true)
  const [one, two] = await Promise.all([localOf('new@example.test'), localOf('new@example.test')])
  expect(one).toMatchObject({ account: expect.any(Number) })
  expect(two).toEqual(one)
})

test('a notification goes to the inbox that sent, or to the sender’s address, and nowhere that keeps no mail', async () => {
  const { ada, noticePlaceOf } = await town()
  expect(await noticePlaceOf({ account: ada.id, sender: 'alias@example.test' })).toBe(ada.id)
  expect(await noticePlaceOf({ account: undefined, sender: 'ada@example.test' })).toBe(ada.id)
  expect(await noticePlaceOf({ account: undefined, sender: 'nobody@example.test' })).toBeUndefined()
  expect(await noticePlaceOf({ account: undefined, sender: 'ada@remote.test' })).toBeUndefined()
  const told = async (mode: 'zero-retention' | 'encrypted'): Promise<boolean> => {
    const other = await town(mode)
    return (await other.noticePlaceOf({ account: other.ada.id, sender: 'ada@example.test' })) === other.ada.id
  }
  expect([await told('zero-retention'), await told('encrypted')]).toEqual([false, true])
})

test('a sender that was deleted is told nowhere', async () => {
  const { directory, ada, noticePlaceOf } = await town()
  await directory.deleteInbox(ada.id)
  expect(await noticePlaceOf({ account: ada.id, sender: 'ada@example.test' })).toBeUndefined()
})
