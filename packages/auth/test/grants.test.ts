/** Grants, networks and rights: small tables. */
import { expect, test } from 'vitest'
import { covers, coversDomain, isAllowedFrom, networkOf, rightsOf } from '../src/index.js'

test.each([
  ['*', 'alice@example.test', true],
  ['alice@example.test', 'alice@example.test', true],
  ['alice@example.test', 'malice@example.test', false],
  ['alice@example.test', 'alice@example.test.evil', false],
  ['*@example.test', 'alice@example.test', true],
  ['*@example.test', 'alice@sub.example.test', false],
  ['*@example.test', 'alice@notexample.test', false],
  ['support-*@example.test', 'support-1@example.test', true],
  ['support-*@example.test', 'support-@example.test', true],
  ['support-*@example.test', 'support@example.test', false],
  ['support-*@example.test', 'xsupport-1@example.test', false],
  ['support-*@example.test', 'support-1@other.test', false],
  ['*-team@example.test', 'red-team@example.test', true],
  ['a*a@example.test', 'a@example.test', false],
  ['a*a@example.test', 'aa@example.test', true],
])('%s on %s: %s', (grant, address, expected) => {
  expect(covers([grant], address)).toBe(expected)
  expect(covers(['nobody@nowhere.test', grant], address)).toBe(expected)
})

test.each([
  [['*'], true],
  [['*@example.test'], true],
  [['alice@example.test', '*@example.test'], true],
  [['*@other.test'], false],
  [['support-*@example.test'], false],
  [['*a@example.test'], false],
  [['alice@example.test'], false],
])('%j covers the whole of example.test: %s', (grants, expected) => {
  expect(coversDomain(grants, 'example.test')).toBe(expected)
})

test.each([
  ['192.0.2.7', '192.0.2.0/24'],
  ['::ffff:192.0.2.7', '192.0.2.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
  ['2001:db8:1::', '2001:db8:1::/48'],
  ['2001:db8::1', '2001:db8:0::/48'],
  ['2001::1', '2001:0:0::/48'],
  ['::1', '0:0:0::/48'],
  ['fe80::1%eth0', 'fe80:0:0::/48'],
  ['not an address', 'not an address'],
])('%s is counted as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

test.each([
  [[], '192.0.2.7', true],
  [['192.0.2.0/24'], '192.0.2.7', true],
  [['192.0.2.0/24'], '::ffff:192.0.2.7', true],
  [['192.0.2.0/24'], '192.0.3.7', false],
  [['192.0.2.7/32'], '192.0.2.8', false],
  [['2001:db8::/32', '10.0.0.0/8'], '10.1.2.3', true],
  [['2001:db8::/32'], '2001:db8:ffff::1', true],
  [['2001:db8::/32'], '2001:db9::1', false],
  [['192.0.2.0/24'], 'not an address', false],
])('allowed from %j, %s: %s', (networks, address, expected) => {
  expect(isAllowedFrom(networks, address)).toBe(expected)
})

test.each([
  [['imap', 'smtp'], false, { imap: 'full', smtp: true, api: false, admin: false }],
  [['imap:read'], false, { imap: 'read', smtp: false, api: false, admin: false }],
  [['imap:read'], true, { imap: 'read-quietly', smtp: false, api: false, admin: false }],
  [['imap', 'imap:read'], true, { imap: 'full', smtp: false, api: false, admin: false }],
  [['api'], false, { imap: undefined, smtp: false, api: true, admin: false }],
  [['admin'], false, { imap: undefined, smtp: false, api: true, admin: true }],
] as const)('the rights of %j', (scopes, quietReadOnly, rights) => {
  expect(rightsOf({ scopes, quietReadOnly })).toEqual(rights)
})
