/** The engines over the pipe to a parent: the contract, and what is said between two workers. */
import { expect, test } from 'vitest'
import { type EventsHub, IpcLink, ipcCounters, ipcDoorbell, ipcSending, localCounters } from '../src/index.js'
import { countersContract, doorbellContract, sendingContract } from './contract.js'
import { newHub, newPipe, newWorker } from './ipc-fixtures.js'

const linked = (hub: EventsHub): IpcLink => {
  const pipe = newPipe()
  hub.attach(new IpcLink(pipe.far))
  return new IpcLink(pipe.near)
}

doorbellContract(({ onError }) => ipcDoorbell({ link: linked(newHub()), onError }))
countersContract((limits) => ipcCounters({ link: linked(newHub(limits)), standIn: localCounters(limits) }))
sendingContract(({ messagesMax }) => ipcSending({ link: linked(newHub({ messagesMax })), messagesMax }))

const soon = { timeout: 10_000, interval: 5 } as const
const window = { windowMs: 60_000, nowMs: 1_700_000_000_000 }

test('what one worker rings, those hear that listen to it, and nobody else is told', async () => {
  const hub = newHub()
  const [one, two, three] = [newWorker(hub), newWorker(hub), newWorker(hub)]
  const heard: number[] = []
  const records: string[] = []
  let due = 0
  two.doorbell.listen(7, (modSeq) => void heard.push(modSeq))
  two.doorbell.listenToDirectory((publicId) => void records.push(publicId))
  two.doorbell.listenForOutbox(() => void due++)
  await expect.poll(() => heard, soon).toEqual([0])
  for (let modSeq = 1; modSeq <= 50; modSeq++) one.doorbell.ring({ mailbox: 7, modSeq })
  await expect.poll(() => heard, soon).toEqual([0, 50])
  expect(three.pipe.said().pieces).toBe(0)
  one.doorbell.ring({ directory: 'cred_a' })
  one.doorbell.ring({ directory: 'cred_b' })
  one.doorbell.ring({ outbox: 'due' })
  await expect.poll(() => [records, due], soon).toEqual([['cred_a', 'cred_b'], 1])
})

test('who begins to listen is told to look, also when he comes back after a while', async () => {
  const worker = newWorker(newHub(), { lingerMs: 20 })
  const heard: number[] = []
  const stop = worker.doorbell.listen(7, (modSeq) => void heard.push(modSeq))
  await expect.poll(() => heard, soon).toEqual([0])
  stop()
  worker.doorbell.listen(7, (modSeq) => void heard.push(modSeq))()
  await expect.poll(() => worker.pipe.asked, soon).toContain('unlisten')
  expect(heard).toEqual([0])
  worker.doorbell.listen(7, (modSeq) => void heard.push(modSeq))
  await expect.poll(() => heard, soon).toEqual([0, 0])
})

test('a worker that hangs holds up nobody, and what waits for it is merged and bounded', async () => {
  const hub = newHub()
  const [busy, hangs, other] = [newWorker(hub), newWorker(hub), newWorker(hub)]
  const heard: number[] = []
  const late = new Map<number, number>()
  other.doorbell.listen(1, (modSeq) => void heard.push(modSeq))
  const mailboxes = 300
  for (let mailbox = 1; mailbox <= mailboxes; mailbox++)
    hangs.doorbell.listen(mailbox, (modSeq) => void late.set(mailbox, modSeq))
  await expect.poll(() => late.size, soon).toBe(mailboxes)
  hangs.pipe.hang(true)
  const before = hangs.pipe.said().pieces
  for (let round = 1; round <= 200; round++) {
    for (let mailbox = 1; mailbox <= mailboxes; mailbox++) busy.doorbell.ring({ mailbox, modSeq: round })
    await new Promise((resolve) => setImmediate(resolve))
  }
  await expect.poll(() => heard.at(-1), soon).toBe(200)
  expect(hangs.pipe.said().pieces - before).toBeLessThanOrEqual(1)
  hangs.pipe.hang(false)
  await expect.poll(() => [...late.values()].every((modSeq) => modSeq === 200), soon).toBe(true)
  expect(hangs.pipe.said().bytesMax).toBeLessThan(50_000)
})

test('more than there is room for becomes one ring for everybody', async () => {
  const hub = newHub()
  const [busy, hangs] = [newWorker(hub), newWorker(hub)]
  const told = new Set<number>()
  const mailboxes = 12_000
  for (let mailbox = 1; mailbox <= mailboxes; mailbox++) hangs.doorbell.listen(mailbox, () => void told.add(mailbox))
  await expect.poll(() => told.size, soon).toBe(mailboxes)
  told.clear()
  hangs.pipe.hang(true)
  for (let mailbox = 1; mailbox <= mailboxes; mailbox++) busy.doorbell.ring({ mailbox, modSeq: 3 })
  await busy.link.flushed()
  hangs.pipe.hang(false)
  await expect.poll(() => told.size, soon).toBe(mailboxes)
})

test('the workers count together, and what one held is free when it is gone', async () => {
  const hub = newHub()
  const [one, two] = [newWorker(hub), newWorker(hub)]
  expect([await one.counters.add('a', window), await two.counters.add('a', window)]).toEqual([1, 2])
  await one.counters.addDistinct('d', 'x', window)
  expect(await two.counters.addDistinct('d', 'y', window)).toEqual({ count: 2, isNew: true })
  const hold = (worker: typeof one, member: string) => worker.counters.hold('p', member, { ...window, max: 2 })
  expect([await hold(one, 'x'), await hold(one, 'y'), await hold(two, 'z')]).toEqual([true, true, false])
  one.pipe.break()
  expect(await hold(two, 'z')).toBe(true)
  expect(two.stoodIn()).toBe(0)
})

test('without its parent, and with one that hangs, a worker counts alone', async () => {
  const worker = newWorker(newHub(), { timeoutMs: 30 })
  await worker.counters.add('a', window)
  worker.pipe.hang(true)
  expect(await worker.counters.add('a', window)).toBe(1)
  worker.pipe.break()
  expect(await worker.counters.add('a', window)).toBe(2)
  expect(worker.stoodIn()).toBe(2)
  const heard: number[] = []
  worker.doorbell.listen(7, (modSeq) => void heard.push(modSeq))
  worker.doorbell.ring({ mailbox: 7, modSeq: 4 })
  await expect.poll(() => heard, soon).toEqual([4])
  await worker.sending.settled(1, 7, { timeoutMs: 60_000 })
})

test('a copy waits for a submission in another worker, and for none of one that is gone', async () => {
  const hub = newHub()
  const [one, two] = [newWorker(hub), newWorker(hub)]
  const isOpen = async (): Promise<boolean> => {
    const settled = two.sending.settled(1, 7, { timeoutMs: 60_000 }).then(() => false)
    return Promise.race([settled, new Promise<boolean>((resolve) => setTimeout(resolve, 30, true))])
  }
  const end = one.sending.begin(1, 7)
  await expect.poll(isOpen, soon).toBe(true)
  const waiting = two.sending.settled(1, 7, { timeoutMs: 60_000 })
  end()
  await waiting
  one.sending.begin(1, 7)
  await expect.poll(isOpen, soon).toBe(true)
  one.pipe.break()
  await expect.poll(isOpen, soon).toBe(false)
})

test('a question that nobody answers, or that fails over there, fails here and nothing else', async () => {
  const pipe = newPipe()
  const [near, far] = [new IpcLink(pipe.near), new IpcLink(pipe.far)]
  far.answer('fails', () => {
    throw new Error('no luck')
  })
  far.answer<number>('double', (body) => body * 2)
  const ask = (kind: string) => near.ask(kind, 21, { timeoutMs: 5_000 })
  await expect(ask('fails')).rejects.toThrow('no luck')
  await expect(ask('unheard-of')).rejects.toThrow('nobody here answers')
  expect(await ask('double')).toBe(42)
  const waiting = near.ask('double', 1, { timeoutMs: 60_000 })
  pipe.break()
  await expect(waiting).rejects.toThrow('gone')
  await expect(ask('double')).rejects.toThrow('gone')
})
