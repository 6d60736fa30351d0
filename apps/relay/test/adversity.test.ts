// What goes wrong beside the sending itself: a machine that slept, one sender's mistake beside another sender's mail, notifications that
// can't be filed as they are, bytes that can't be read, a store that stays full. No mail is lost by it, sent twice or failed too early.

import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreRefusal } from '@postern/mailbox-store'
import type { SmartHost } from '@postern/routing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Answer, type Bench, gate, makeBench, refusedAnswer, taken, until } from './bench.js'

let bench: Bench
beforeEach(async () => {
  bench = await makeBench()
})
afterEach(() => bench.destroy())

const settled = (queueId: string): Promise<void> =>
  until(async () => (await bench.store.outbox.get(queueId)).closedAt !== undefined)
const tried = (queueId: string): Promise<void> =>
  until(async () =>
    (await bench.recipients(queueId)).every(({ attempts, state }) => attempts === 1 && state === 'waiting'),
  )

test('a machine that slept in the middle of a transaction does not send it a second time beside the first', async () => {
  const { opened, open } = gate()
  bench.remote.answer = () => opened.then(() => taken)
  await bench.relay({ leaseMs: 3_600_000 })
  const queueId = await bench.submit(['r@remote.test'])
  await until(() => bench.carried.length === 1)
  bench.clock.now += 2 * 3_600_000
  const later = await bench.submit(['s@other.test'])
  await until(() => bench.carried.some(({ parcel }) => parcel.queueId === later))
  open()
  await Promise.all([settled(queueId), settled(later)])
  expect(bench.carried.map(({ parcel }) => parcel.queueId)).toEqual([queueId, later])
  expect(await bench.states(queueId)).toEqual(['delivered'])
})

test('a wrong login of one sender holds no other sender of the same host up, nor is it told to them', async () => {
  const host = (user: string): SmartHost => ({
    ...{ kind: 'smart-host', host: 'smtp.test', port: 587, tls: 'required', secret: 'secret' },
    user,
  })
  bench.remote.routeOf = ({ sender }) => host(sender)
  const wrong: Answer = { kind: 'deferred', code: '535', status: '4.7.8', text: 'Wrong password', remote: 'smtp.test' }
  bench.remote.answer = (_, { sender }) => (sender === 'ada@example.test' ? wrong : taken)
  await bench.relay()
  await tried(await bench.submit(['a@remote.test']))
  const other = await bench.submit(['b@remote.test'], { account: bench.bob.id, sender: 'bob@example.test' })
  await settled(other)
  expect(await bench.states(other)).toEqual(['delivered'])
})

test('an old host that has too many recipients (552) is no host that lets nobody in', async () => {
  bench.remote.answer = () => ({ kind: 'deferred', code: '552', text: 'Too many recipients', remote: 'mx.test' })
  await bench.relay()
  await tried(await bench.submit(['a@remote.test']))
  await tried(await bench.submit(['b@remote.test']))
  expect(bench.carried).toHaveLength(2)
})

test('a full INBOX takes the notification all the same', async () => {
  bench.remote.answer = () => refusedAnswer
  const queueId = await bench.submit(['r@remote.test'])
  await bench.store.directory.updateInbox(bench.ada.id, { quotaBytes: 3, quotaMessages: 0 })
  await bench.relay()
  await settled(queueId)
  expect(await bench.inbox(bench.ada.id)).toMatchObject([expect.stringContaining('Action: failed')])
})

test('a notification that would be too large with the message has its header', async () => {
  await bench.destroy()
  bench = await makeBench({ messageBytesMax: 70_000 })
  bench.remote.answer = () => refusedAnswer
  const queueId = await bench.submit(['r@remote.test'], {
    ret: 'full',
    text: `Subject: large\r\n\r\n${'twenty characters..\r\n'.repeat(3_490)}`,
  })
  await bench.relay({ leaseMs: 200 })
  await settled(queueId)
  expect(bench.carried).toHaveLength(1)
  const [notice] = await bench.inbox(bench.ada.id)
  expect(notice).toContain('Subject: large\r\n')
  expect(notice).toContain('Content-Type: text/rfc822-headers')
})

test('a place for a notification that cannot be found out sends nothing again', async () => {
  bench.remote.answer = () => refusedAnswer
  bench.remote.noticePlaceOf = async () => {
    throw new StoreRefusal('not-found', 'There is no such domain.')
  }
  await bench.relay()
  const queueId = await bench.submit(['r@remote.test'])
  await settled(queueId)
  expect(await bench.states(queueId)).toEqual(['failed'])
  expect(bench.carried).toHaveLength(1)
  expect(bench.lines).toContainEqual(expect.objectContaining({ msg: 'a notification could not be made' }))
})

test('a report that fails by a mistake is made again, and nothing is sent meanwhile', async () => {
  const report = bench.store.outbox.report.bind(bench.store.outbox)
  let times = 0
  bench.store.outbox.report = async (done) => {
    if (times++ === 0) throw new TypeError('a mistake')
    return report(done)
  }
  await bench.relay({ reportAgainMs: 5 })
  const queueId = await bench.submit(['r@remote.test'])
  await settled(queueId)
  expect(bench.carried).toHaveLength(1)
})

test('what would be encrypted and can not be read waits', async () => {
  bench.remote.sealFor = async () => undefined
  const queueId = await bench.submit(['bob@example.test'], {
    text: `Subject: x\r\n\r\n${'x'.repeat(70).concat('\r\n').repeat(9_000)}`,
  })
  for (const name of await readdir(join(bench.folder, 'blobs')))
    await rm(join(bench.folder, 'blobs', name), { recursive: true })
  await bench.relay()
  await tried(queueId)
  expect(await bench.recipients(queueId)).toMatchObject([{ state: 'waiting', lastCode: '4.3.0' }])
})

test('a store that stays full is told of once, not with every look at the queue', async () => {
  const queueId = await bench.submit(['r@remote.test'])
  bench.fault.on = 'commit'
  const told = (): number => bench.lines.filter(({ msg }) => msg === 'the queue could not be asked').length
  let asked = 0
  const claim = bench.store.outbox.claim.bind(bench.store.outbox)
  bench.store.outbox.claim = (options) => {
    asked++
    return claim(options)
  }
  await bench.relay({ pollMs: 1 })
  await until(() => asked > 20)
  expect(told()).toBe(1)
  bench.clock.now += 60_000
  const before = asked
  await until(() => asked > before + 5)
  expect(told()).toBe(2)
  bench.fault.on = undefined
  await settled(queueId)
})

test('a relay stops also where the store is full; what it had in hand is taken over', async () => {
  const { opened, open } = gate()
  bench.remote.answer = () => opened.then(() => taken)
  const relay = await bench.relay({ parallelPerDomain: 1 })
  await bench.submit(['a@remote.test'])
  await until(() => bench.carried.length === 1)
  const waits = await bench.submit(['b@remote.test'])
  await until(async () => (await bench.states(waits)).join() === 'leased')
  bench.fault.on = 'commit'
  await relay.close()
  bench.fault.on = undefined
  open()
  bench.clock.now += 60_000
  await bench.relay()
  await settled(waits)
  expect(await bench.states(waits)).toEqual(['delivered'])
})
