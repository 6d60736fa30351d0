// Ingest keys in the directory: what every engine must keep, refuse and log.

import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NewIngestKey } from '../../src/directory/directory.js'
import type { IngestKey, IngestProvider } from '../../src/directory/records.js'
import { type Bench, type MakeBench, refused, type Settled, settled } from './bench.js'

export function ingestKeysContract(makeBench: MakeBench): void {
  let bench: Bench
  let home: Settled
  let keys = 0

  beforeEach(async () => {
    bench = await makeBench()
    home = await settled(bench)
  })
  afterEach(() => bench.destroy())

  const create = (more: Partial<NewIngestKey> = {}): Promise<IngestKey> =>
    bench.directory.createIngestKey({
      ...{ publicId: `ing_${String(++keys).padStart(20, '0')}`, environment: home.environment.id },
      ...{ provider: 'http', label: ' crm ', secret: 'sealed1.a.b', ...more },
    })

  test('are found, listed and revoked; each change has its audit row, without the secret', async () => {
    const version = await bench.directory.version()
    const own = await create({ domain: home.domain.id })
    const all = await create({ provider: 'mailgun' })
    expect(own).toMatchObject({ provider: 'http', label: 'crm', secret: 'sealed1.a.b', revokedAt: undefined })
    expect(await bench.directory.findIngestKey(own.publicId)).toEqual(own)
    expect(await bench.directory.findIngestKey('ing_none')).toBeUndefined()
    expect((await bench.directory.listIngestKeys()).items).toEqual([own, all])
    expect((await bench.directory.listIngestKeys({ domain: home.domain.id })).items).toEqual([own])
    const page = await bench.directory.listIngestKeys({ environment: home.environment.id, limit: 1 })
    expect(page).toMatchObject({ items: [own], next: own.id })

    const revoked = await bench.directory.revokeIngestKey(own.publicId)
    expect(revoked.revokedAt).toBe(bench.clock.now)
    bench.clock.now += 1_000
    expect(await bench.directory.revokeIngestKey(own.publicId)).toEqual(revoked)
    expect(await bench.directory.version()).toBe(version + 3)
    const { items } = await bench.directory.listAudit({ objects: [own.publicId] })
    expect(items.map(({ action }) => action)).toEqual(['ingest-key.create', 'ingest-key.revoke'])
    expect(JSON.stringify(items)).not.toContain('sealed1')
  })

  test('go with their domain', async () => {
    const own = await create({ domain: home.domain.id })
    await bench.directory.deleteDomain(home.domain.id)
    expect(await bench.directory.findIngestKey(own.publicId)).toBeUndefined()
  })

  test.each<[string, Partial<NewIngestKey>]>([
    ['no label', { label: ' ' }],
    ['a long label', { label: 'x'.repeat(201) }],
    ['a secret that is not sealed', { secret: 'two words' }],
    ['no such provider', { provider: 'pigeon' as IngestProvider }],
    ['an id of another kind', { publicId: 'dom_00000000000000000000' }],
  ])('%s is refused', (_, more) => refused(create(more), 'invalid'))

  test('a domain of another environment is refused', async () => {
    const { tenant } = await bench.directory.getEnvironment(home.environment.id)
    const other = await bench.directory.createEnvironment({ tenant, name: 'test' })
    await refused(create({ environment: other.id, domain: home.domain.id }), 'invalid')
  })

  test('so many hold at a time', async () => {
    const first = await create()
    for (let n = 1; n < 50; n++) await create()
    await refused(create(), 'invalid')
    await create({ domain: home.domain.id })
    await bench.directory.revokeIngestKey(first.publicId)
    await create()
  })
}
