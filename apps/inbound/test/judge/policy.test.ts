// What is done, as a table over (what was found, what was published, what the domain allows).

import { expect, test } from 'vitest'
import type { Arc, Dmarc, DmarcResult, PublishedPolicy } from '../../src/judge/checks.js'
import { decide } from '../../src/judge/policy.js'

const limits = ['ignore', 'spam', 'refuse'] as const
const policies: readonly PublishedPolicy[] = ['none', 'quarantine', 'reject']
const noArc: Arc = { result: 'none', sealers: [], why: undefined }
const dmarc = (more: Partial<Dmarc>): Dmarc => ({
  ...{ result: 'fail', domain: 'example.org', policy: 'reject', percent: 100, isUncertain: false },
  ...more,
})
const options = { limit: 'refuse', trustedSealers: new Set<string>(), lot: 0 } as const

const actions: Readonly<Record<string, string>> = {
  'fail quarantine spam': 'spam',
  'fail quarantine refuse': 'spam',
  'fail reject spam': 'spam',
  'fail reject refuse': 'refuse',
}
const results: readonly DmarcResult[] = ['pass', 'fail', 'none', 'temperror']
const rows = results.flatMap((result) =>
  policies.flatMap((policy) => limits.map((limit) => ({ result, policy, limit }))),
)

test.each(rows)('$result, published $policy, at most $limit', ({ result, policy, limit }) => {
  const expected = actions[`${result} ${policy} ${limit}`] ?? 'accept'
  expect(decide({ dmarc: dmarc({ result, policy }), arc: noArc }, { ...options, limit }).action).toBe(expected)
})

test.each([
  ['refuse', 'reject', 'defer'],
  ['spam', 'reject', 'spam'],
  ['ignore', 'reject', 'accept'],
  ['refuse', 'quarantine', 'spam'],
] as const)('uncertain, at most %s, published %s: %s', (limit, policy, action) => {
  expect(decide({ dmarc: dmarc({ policy, isUncertain: true }), arc: noArc }, { ...options, limit }).action).toBe(action)
})

test('nothing can be told', () => {
  expect(decide({ dmarc: undefined, arc: noArc }, options)).toEqual({ action: 'accept' })
})
