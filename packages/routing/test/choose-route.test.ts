// The nearest route wins, and says where it was set; what a route can promise of TLS.
import { expect, test } from 'vitest'
import { chooseRoute, keepsRequireTls, readRoute } from '../src/index.js'

const a = readRoute('smtp://a.example.net')
const b = readRoute('smtp://b.example.net')
const c = readRoute('direct')
const none = readRoute('none')

test.each([
  [a, b, c, a, 'inbox'],
  [undefined, b, c, b, 'domain'],
  [undefined, undefined, c, c, 'setting'],
  [undefined, undefined, none, none, 'unset'],
  [none, b, c, none, 'inbox'],
  [undefined, none, c, none, 'domain'],
])('%j, %j and %j', (inbox, domain, fallback, route, because) => {
  expect(chooseRoute({ inbox, domain, fallback })).toEqual({ route, because })
})

test.each([
  ['direct', true],
  ['smtp://relay.example.net', true],
  ['smtps://relay.example.net', true],
  ['smtp://relay.example.net?tls=offered', false],
  ['smtp://relay.example.net?tls=none', false],
  ['ses://AKIAIOSFODNN7EXAMPLE:secret@eu-central-1', false],
  ['resend://re_aBc123', false],
  ['none', false],
])('%s: can it keep REQUIRETLS? %s', (text, keeps) => {
  expect(keepsRequireTls(readRoute(text))).toBe(keeps)
})
