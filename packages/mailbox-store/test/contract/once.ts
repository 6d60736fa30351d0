// What is delivered under an id is delivered once, whoever delivers it and however often.

import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Inbox } from '../../src/directory/records.js'
import type { DeliveryOutcome, Once } from '../../src/outbox/outbox.js'
import { type Bench, type MakeBench, type Node, prepared, refused, settled } from './bench.js'

export function onceContract(makeBench: MakeBench): void {
  let bench: Bench
  let ada: Inbox
  let bob: Inbox

  beforeEach(async () => {
    bench = await makeBench()
    const { domain } = await settled(bench)
    ada = await bench.directory.createInbox({ domain: domain.id, address: 'ada@example.test' })
    bob = await bench.directory.createInbox({ domain: domain.id, address: 'bob@example.test' })
  })
  afterEach(() => bench.destroy())

  const once = (text = 'Hello', id = 'i1', scope = 'dom_1 http'): Once => ({
    ...{ scope, id, digest: createHash('sha256').update(text).digest() },
  })
  const deliver = (
    to: readonly Inbox[],
    { of = once(), node = bench, allOrNone = false }: { of?: Once; node?: Node; allOrNone?: boolean } = {},
  ): Promise<readonly DeliveryOutcome[]> =>
    node.outbox.deliver({
      ...{ message: prepared('Hello'), internalDate: 1, recipients: to.map(({ id }) => ({ account: id })) },
      ...{ once: of, allOrNone },
    })
  const held = (inbox: Inbox): number => bench.probe.entries(inbox.id, 'INBOX').length

  test('a second time is answered as the first, by another process too', async () => {
    const first = await deliver([ada, bob])
    expect(await deliver([ada, bob])).toEqual(first)
    expect(await deliver([ada, bob], { node: bench.node() })).toEqual(first)
    expect([held(ada), held(bob), bench.probe.messages()]).toEqual([1, 1, 1])
  })

  test('at once in two processes there is one', async () => {
    const other = bench.node()
    await Promise.all(Array.from({ length: 10 }, (_, i) => deliver([ada], { node: i % 2 === 0 ? bench : other })))
    expect(held(ada)).toBe(1)
  })

  test('who had no room gets it later, the others not again', async () => {
    await bench.directory.updateInbox(bob.id, { quotaBytes: 1 })
    expect((await deliver([bob, ada])).map(({ outcome }) => outcome)).toEqual(['over-quota', 'delivered'])
    await bench.directory.updateInbox(bob.id, { quotaBytes: null })
    expect((await deliver([bob, ada], { allOrNone: true })).map(({ outcome }) => outcome)).toEqual([
      'delivered',
      'delivered',
    ])
    expect([held(ada), held(bob)]).toEqual([1, 1])
  })

  test('where nobody took it nothing is remembered', async () => {
    await bench.directory.updateInbox(bob.id, { quotaBytes: 1 })
    await deliver([bob])
    await deliver([ada], { of: once('Something else') })
    expect(held(ada)).toBe(1)
  })

  test('another message under the id is refused; another id or scope is another message', async () => {
    await deliver([ada])
    await refused(deliver([ada], { of: once('Something else') }), 'exists')
    await deliver([ada], { of: once('Hello', 'i2') })
    await deliver([ada], { of: once('Hello', 'i1', 'dom_2 http') })
    expect(held(ada)).toBe(3)
  })

  test('a disk that is full remembers nothing of what it did not take', async () => {
    bench.fault.on = 'commit'
    await refused(deliver([ada]), 'disk-full')
    bench.fault.on = undefined
    await deliver([ada])
    expect(held(ada)).toBe(1)
  })

  describe('the answer', () => {
    test('is kept, for this message alone', async () => {
      expect(await bench.outbox.answered(once())).toBeUndefined()
      await deliver([ada])
      expect(await bench.outbox.answered(once())).toEqual({ answer: undefined })
      await bench.outbox.rememberAnswer(once(), { answer: '{"x":1}' })
      expect(await bench.node().outbox.answered(once())).toEqual({ answer: '{"x":1}' })
      await refused(bench.outbox.answered(once('Something else')), 'exists')
      await refused(bench.outbox.rememberAnswer(once('Something else')), 'exists')
    })

    test('an id alone can be remembered', async () => {
      await bench.outbox.rememberAnswer(once())
      expect(await bench.outbox.answered(once())).toEqual({ answer: undefined })
    })

    test.each([
      ['no id', once('Hello', '')],
      ['a long id', once('Hello', 'x'.repeat(301))],
    ])('%s is refused', async (_, of) => {
      await refused(bench.outbox.rememberAnswer(of), 'invalid')
      await refused(deliver([ada], { of }), 'invalid')
      expect(held(ada)).toBe(0)
    })

    test('a long one is refused', async () => {
      await refused(bench.outbox.rememberAnswer(once(), { answer: 'x'.repeat(65_537) }), 'invalid')
    })
  })
}
