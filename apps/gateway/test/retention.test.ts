// What a domain says about retention, as the store's rules.

import type { DomainId } from '@postern/mailbox-store'
import { expect, test } from 'vitest'
import { rulesOf } from '../src/parts/retention.js'

const id = 7 as DomainId

test('a domain that says nothing keeps everything', () => {
  expect(rulesOf({ id, settings: {} })).toEqual([])
})

test('a rule names its mailbox and its days', () => {
  expect(rulesOf({ id, settings: { retentionDays: { Trash: 30, '*': 365 } } })).toEqual([
    { domain: id, mailbox: 'Trash', days: 30 },
    { domain: id, mailbox: '*', days: 365 },
  ])
})
