/** Where nobody else's name may lead, in every form that such an address is written in. */
import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { isForbidden } from '../src/index.js'

const inside = [
  ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '169.254.169.254'],
  ...['::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12:3456::1', 'fec0::1', '64:ff9b:1::1'],
  ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::FFFF:10.0.0.1', '0:0:0:0:0:ffff:c0a8:101'],
  ...[
    '64:ff9b::127.0.0.1',
    '64:ff9b::a00:1',
    '64:ff9b::a9fe:a9fe',
    '2002:7f00:1::',
    '2002:c0a8:101::1',
    '::127.0.0.1',
    '::a00:1',
  ],
]
const nowhere = ['0.0.0.0', '::', '224.0.0.1', '255.255.255.255', 'ff02::1', '::ffff:0.0.0.0', '64:ff9b::0.0.0.0']
const outside = [
  '192.0.2.7',
  '8.8.8.8',
  '172.32.0.1',
  '2001:db8::1',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
  '2002:808:808::1',
]

test.each(inside)('%s is inside', (address) => {
  expect(isForbidden(address, { allowsPrivate: false })).toBe(true)
})

test.each(nowhere)('%s leads nowhere, whatever is allowed', (address) => {
  expect(isForbidden(address, { allowsPrivate: true })).toBe(true)
})

test.each(outside)('%s is outside', (address) => {
  expect(isForbidden(address, { allowsPrivate: false })).toBe(false)
})

test('what is no address is forbidden, and every address of this machine', () => {
  for (const address of ['', 'localhost', '127.1', '0x7f.1', '2130706433'])
    expect(isForbidden(address, { allowsPrivate: true })).toBe(true)
  for (const { address } of Object.values(networkInterfaces()).flatMap((list) => list ?? []))
    expect(isForbidden(address, { allowsPrivate: false }), address).toBe(true)
})

test.each(['::1', '0:0:0:0:0:0:0:1', '127.0.0.1', '::127.0.0.1'])(
  '%s is let through where private networks are',
  (address) => {
    expect(isForbidden(address, { allowsPrivate: true })).toBe(false)
  },
)
