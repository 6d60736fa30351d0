/** The metrics list: every entry becomes an accessor in a registry of its own. */
import { expect, test } from 'vitest'
import { createMetrics, metricList } from '../src/index.js'

test('every declared metric is exposed with its help and type', async () => {
  const text = await createMetrics({ processMetrics: false }).registry.metrics()
  for (const { name, help, type } of Object.values(metricList)) {
    expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`)
  }
})

test('names follow the conventions: prefix, and _total on counters alone', () => {
  for (const { name, type } of Object.values(metricList)) {
    expect(name).toMatch(/^postern_[a-z_]+$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
  }
})

test('values and labels come out; an unknown label is refused', async () => {
  const metrics = createMetrics({ processMetrics: false })
  metrics.connectionsOpen.inc({ listener: 'imaps' }, 3)
  metrics.connectionsRefused.inc({ listener: 'imaps', reason: 'flood' })
  const text = await metrics.registry.metrics()
  expect(text).toContain('postern_connections_open{listener="imaps"} 3')
  expect(text).toContain('postern_connections_refused_total{listener="imaps",reason="flood"} 1')
  // @ts-expect-error a label that isn't declared
  expect(() => metrics.connectionsOpen.inc({ user: 'alice' })).toThrow(/label/)
})

test('two registries know nothing of each other', async () => {
  const [one, two] = [createMetrics({ processMetrics: false }), createMetrics({ processMetrics: false })]
  one.mailEvents.inc({ event: 'bounced' })
  expect(await two.registry.metrics()).not.toContain('bounced')
})

test('process metrics come along, event loop lag among them', async () => {
  const text = await createMetrics().registry.metrics()
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds [\d.e-]+$/m)
  expect(text).toMatch(/^process_resident_memory_bytes \d/m)
})
