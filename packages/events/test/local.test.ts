/** The engines within one process: the contract, and what is theirs alone. */
import { expect, test } from 'vitest'
import { channels, counterKeys, localCounters, localDoorbell, localSending, peerKeys, placeKeys } from '../src/index.js'
import { countersContract, doorbellContract, sendingContract } from './contract.js'

doorbellContract(localDoorbell)
countersContract(localCounters)
sendingContract(localSending)

const onError = (error: unknown) => {
  throw error
}

test('several rings of one mailbox in one turn are one call', async () => {
  const doorbell = localDoorbell({ onError })
  const heard: number[] = []
  doorbell.listen(7, (modSeq) => void heard.push(modSeq))
  for (let modSeq = 1; modSeq <= 1000; modSeq++) doorbell.ring({ mailbox: 7, modSeq })
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(heard).toEqual([1000])
})

test('over keysMax keys the one untouched longest is forgotten', async () => {
  const counters = localCounters({ keysMax: 3, membersMax: 5 })
  const window = { windowMs: 1000, nowMs: 50_000 }
  for (const key of ['a', 'b', 'c', 'a', 'd']) await counters.add(key, window)
  expect(await counters.add('a', { ...window, by: 0 })).toBe(2)
  expect(await counters.add('c', { ...window, by: 0 })).toBe(1)
  expect(await counters.add('b', { ...window, by: 0 })).toBe(0)
  for (const key of ['a', 'b', 'c', 'a', 'd']) await counters.addDistinct(key, 'm', window)
  expect(await counters.addDistinct('a', 'm', window)).toEqual({ count: 1, isNew: false })
  expect(await counters.addDistinct('b', 'm', window)).toEqual({ count: 1, isNew: true })
})

test('reading leaves nothing behind: no reader can push out what is counted', async () => {
  const counters = localCounters({ keysMax: 2, membersMax: 5 })
  const window = { windowMs: 1000, nowMs: 50_000 }
  await counters.add('a', window)
  await counters.addDistinct('a', 'm', window)
  for (const key of ['b', 'c', 'd', 'e']) {
    await counters.add(key, { ...window, by: 0 })
    await counters.distinct(key, window)
  }
  expect(await counters.add('a', { ...window, by: 0 })).toBe(1)
  expect(await counters.distinct('a', window)).toBe(1)
})

test('any number of keys passes through in bounded memory', async () => {
  const counters = localCounters({ keysMax: 1000, membersMax: 5 })
  const before = process.memoryUsage().heapUsed
  for (let key = 0; key < 200_000; key++) {
    await counters.add(`key ${key}`, { windowMs: 3_600_000, nowMs: 1000 + key })
    await counters.addDistinct(`key ${key % 2000}`, `member ${key}`, { windowMs: 3_600_000, nowMs: 1000 + key })
    await counters.hold(`key ${key}`, 'member', { windowMs: 3_600_000, nowMs: 1000 + key, max: 5 })
  }
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024)
})

test('over messagesMax further messages are not noted, and nobody waits for them', async () => {
  const sending = localSending({ messagesMax: 2 })
  const ends = [sending.begin(1, 1), sending.begin(1, 2), sending.begin(1, 3)]
  await sending.settled(1, 3, { timeoutMs: 60_000 })
  for (const end of ends) end()
  for (let message = 0; message < 100_000; message++) sending.begin(1, message)()
  sending.begin(1, 3)
  const waited = sending.settled(1, 3, { timeoutMs: 60_000 }).then(() => 'went on')
  expect(await Promise.race([waited, new Promise((resolve) => setTimeout(resolve, 20, 'waits'))])).toBe('waits')
  await sending.close()
})

test('no two names of keys and channels are the same', () => {
  const names = [
    channels.mailbox(1),
    channels.mailbox(11),
    channels.directory,
    channels.outbox,
    channels.question('a'),
    channels.answer('a'),
    peerKeys.all,
    peerKeys.one('a'),
    counterKeys.wrongSecretsFromNetwork('192.0.2.7'),
    counterKeys.wrongSecretsForUser('a@example.test'),
    counterKeys.wrongSecretsForUserFrom('192.0.2.7', 'a@example.test'),
    counterKeys.wrongSecretsForUserFrom('2001:db8::/48', 'a@example.test'),
    counterKeys.opened('192.0.2.7', 'a@example.test'),
    placeKeys.sessionsOfInbox('a@example.test'),
  ]
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^postern:/)
})
