/** Networks and addresses: matching, plain forms, and what counts as one client. */
import { expect, test } from 'vitest'
import { clientNetwork, networks, plainAddress } from '../src/index.js'

test.each([
  [['10.0.0.0/8'], '10.255.0.1', true],
  [['10.0.0.0/8'], '11.0.0.1', false],
  [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
  [['10.0.0.0/8'], '::ffff:11.1.2.3', false],
  [['10.0.0.0/8'], '::ffff:a01:203', true],
  [['192.0.2.7'], '192.0.2.7', true],
  [['192.0.2.7'], '192.0.2.8', false],
  [['0.0.0.0/0'], '203.0.113.9', true],
  [['0.0.0.0/0'], '2001:db8::1', false],
  [['fd00::/8'], 'fd12:3456::1', true],
  [['fd00::/8'], 'fe80::1', false],
  [['fe80::/10'], 'fe80::1%eth0', true],
  [['2001:db8::7'], '2001:DB8:0::7', true],
  [['::/0'], '2001:db8::1', true],
  [['10.0.0.0/8', 'fd00::/8'], 'fd00::1', true],
  [[], '127.0.0.1', false],
  [['10.0.0.0/8'], '', false],
  [['10.0.0.0/8'], 'localhost', false],
] as const)('%o has %s: %s', (items, address, expected) => {
  expect(networks(items).has(address)).toBe(expected)
})

test.each([
  '',
  'localhost',
  '10.0.0.0/33',
  '10.0.0/8',
  '::/129',
  '10.0.0.0/',
  '10.0.0.0/ ',
  '10.0.0.0/8/8',
  '10.0.0.0/0x8',
])('"%s" is no network', (item) => {
  expect(() => networks([item])).toThrow()
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:192.0.2.7', '192.0.2.7'],
  ['::ffff:c000:207', '192.0.2.7'],
  ['0:0:0:0:0:ffff:C000:0207', '192.0.2.7'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['2001:0DB8::0007', '2001:db8::7'],
  ['fe80::1%eth0', 'fe80::1'],
  ['2001:db8::7', '2001:db8::7'],
])('plain form of %s: %s', (address, expected) => {
  expect(plainAddress(address)).toBe(expected)
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::ffff:c000:207', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
  ['2001:db8::7', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:9::7', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1::', '1:0:0:0::/64'],
])('%s counts as %s', (address, expected) => {
  expect(clientNetwork(address)).toBe(expected)
})
