// The rules of inboxes in the directory: what every engine must keep, refuse and log.

import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NewRule } from '../../src/directory/directory.js'
import type { Inbox } from '../../src/directory/records.js'
import { type Bench, type MakeBench, refused, type Settled, settled } from './bench.js'

export function rulesContract(makeBench: MakeBench): void {
  let bench: Bench
  let home: Settled
  let alice: Inbox
  let made = 0

  beforeEach(async () => {
    bench = await makeBench()
    home = await settled(bench)
    alice = await bench.directory.createInbox({ domain: home.domain.id, address: `alice@${home.domain.name}` })
  })
  afterEach(() => bench.destroy())

  const rule = (name: string, more: Partial<NewRule> = {}): NewRule => ({
    ...{ publicId: `rul_${String(++made).padStart(20, '0')}`, name, body: '{}' },
    ...more,
  })
  const add = (names: readonly string[], options: { at?: number; replacing?: boolean } = {}) =>
    bench.directory.addRules(alice.id, { rules: names.map((name) => rule(name)), ...options })
  const order = async (): Promise<string> =>
    (await bench.directory.listRules(alice.id)).map(({ name, position }) => `${position}${name}`).join(' ')

  test('keep their order without a gap, however they are added, moved and removed', async () => {
    const [a, b] = await add(['a', 'b'])
    await add(['c', 'd'], { at: 2 })
    expect(await order()).toBe('1a 2c 3d 4b')
    await bench.directory.moveRule(a?.publicId as string, { to: 3 })
    expect(await order()).toBe('1c 2d 3a 4b')
    await bench.directory.moveRule(b?.publicId as string, { to: 1 })
    expect(await order()).toBe('1b 2c 3d 4a')
    await bench.directory.moveRule(b?.publicId as string, { to: 99 })
    expect(await order()).toBe('1c 2d 3a 4b')
    await bench.directory.removeRule(a?.publicId as string)
    expect(await order()).toBe('1c 2d 3b')
    await add(['x', 'y'], { replacing: true })
    expect(await order()).toBe('1x 2y')
  })

  test('are changed, found, and go with their inbox; each change has its audit row, without the secret', async () => {
    const version = await bench.directory.version()
    const [made] = await bench.directory.addRules(alice.id, { rules: [rule(' a ', { secret: 'sealed1.a.b' })] })
    const id = made?.publicId as string
    expect(made).toMatchObject({ name: 'a', enabled: true, body: '{}', secret: 'sealed1.a.b', inbox: alice.id })
    bench.clock.now += 1_000
    const changed = await bench.directory.updateRule(id, { name: 'b', enabled: false, body: '{"x":1}', secret: null })
    expect(changed).toMatchObject({ name: 'b', enabled: false, body: '{"x":1}', secret: undefined })
    expect(changed.updatedAt).toBe(changed.createdAt + 1_000)
    expect(await bench.directory.findRule(id)).toEqual(changed)
    await bench.directory.moveRule(id, { to: 1 })
    expect(await bench.directory.version()).toBe(version + 3)
    await bench.directory.removeRule(id)
    expect(await bench.directory.findRule(id)).toBeUndefined()
    const { items } = await bench.directory.listAudit({ objects: [id] })
    expect(items.map(({ action }) => action)).toEqual(['rule.create', 'rule.update', 'rule.move', 'rule.remove'])
    expect(items[1]?.detail).toEqual({ inbox: alice.publicId, name: 'b', enabled: false, position: 1 })
    expect(JSON.stringify(items)).not.toContain('sealed1')

    const [last] = await add(['last'])
    await bench.directory.deleteInbox(alice.id)
    expect(await bench.directory.findRule(last?.publicId as string)).toBeUndefined()
  })

  test.each<[string, Partial<NewRule>]>([
    ['no name', { name: ' ' }],
    ['a long name', { name: 'x'.repeat(201) }],
    ['a secret that is not sealed', { secret: 'two words' }],
    ['more than a rule holds', { body: 'x'.repeat(65_537) }],
    ['an id of another kind', { publicId: 'dom_00000000000000000000' }],
  ])('%s is refused', (_, more) => refused(bench.directory.addRules(alice.id, { rules: [rule('n', more)] }), 'invalid'))

  test('so many, and no more; none of those that are too many is added', async () => {
    await add(Array.from({ length: 99 }, (_, i) => `r${i}`))
    await refused(add(['x', 'y']), 'invalid')
    await add(['x'])
    await refused(add(['y']), 'invalid')
    expect(await bench.directory.listRules(alice.id)).toHaveLength(100)
    await add(['y'], { replacing: true })
    await refused(bench.directory.moveRule('rul_none', { to: 1 }), 'not-found')
    await refused(bench.directory.addRules(alice.id, { rules: [rule('n')], at: 0 }), 'invalid')
  })
}
