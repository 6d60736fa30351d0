// Which sending rule holds, of those that a credential, an inbox, a domain and a tenant may each have a part of.

import { expect, test } from 'vitest'
import { type SendingDefaults, type SendingSources, sendingRules } from '../src/directory/sending-rules.js'

const defaults: SendingDefaults = {
  messageBytesMax: 10_485_760,
  recipientsMax: 50,
  sessionMsMax: 1_800_000,
  showClientAddress: false,
}
const held = (sources: Omit<SendingSources, 'defaults'>, more = {}) =>
  sendingRules({ ...sources, defaults: { ...defaults, ...more } })
const none = { perHour: undefined, perDay: undefined }

test('where nobody says anything the defaults hold', () => {
  const rest = { from: 'reject', malformed: 'refuse', credentialLimits: none, inboxLimits: none }
  expect(held({ inbox: {} })).toEqual({ ...defaults, ...rest })
})

test('the nearest one that says something wins, rule by rule', () => {
  const rules = held({
    credential: { recipientsMax: 1, showClientAddress: false },
    inbox: { recipientsMax: 2, from: 'rewrite', showClientAddress: true },
    domain: { recipientsMax: 3, from: 'reject', malformed: 'mend' },
    tenant: { recipientsMax: 4, malformed: 'refuse', sessionMsMax: 1_000 },
  })
  expect(rules).toMatchObject({
    ...{ recipientsMax: 1, from: 'rewrite', malformed: 'mend', sessionMsMax: 1_000, showClientAddress: false },
    messageBytesMax: defaults.messageBytesMax,
  })
})

test("a credential's own numbers are counted for it, the nearest of the others for its inbox", () => {
  const sources = {
    credential: { recipientsPerHour: 10 },
    domain: { recipientsPerHour: 100, recipientsPerDay: 500 },
    tenant: { recipientsPerDay: 9_000 },
  }
  expect(held({ ...sources, inbox: {} })).toMatchObject({
    credentialLimits: { perHour: 10, perDay: undefined },
    inboxLimits: { perHour: 100, perDay: 500 },
  })
  expect(held({ ...sources, inbox: { recipientsPerHour: 0 } }).inboxLimits).toEqual({ perHour: 0, perDay: 500 })
  expect(held({ inbox: {} }, { recipientsPerDay: 7 })).toMatchObject({ inboxLimits: { perDay: 7 } })
})

test('without an inbox all of them hold for the credential', () => {
  const sources = { credential: { recipientsPerHour: 10 }, domain: { recipientsPerHour: 100, recipientsPerDay: 500 } }
  expect(held(sources)).toMatchObject({ credentialLimits: { perHour: 10, perDay: 500 }, inboxLimits: none })
})
