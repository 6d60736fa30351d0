// Whose word about a client is believed: that of proxies of ours, hop by hop from the last one, and nobody's before them.

import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { clientAddress, networks } from '../src/index.js'

const proxies = networks(['10.0.0.0/8', 'fd00::/8'])

test.each<[what: string, remote: string, forwarded: readonly string[] | undefined, client: string]>([
  ['nobody in front', '192.0.2.1', undefined, '192.0.2.1'],
  ['one that is no proxy of ours', '192.0.2.1', ['198.51.100.1'], '192.0.2.1'],
  ['a proxy', '10.0.0.1', ['198.51.100.1'], '198.51.100.1'],
  ['a proxy over a dual-stack socket', '::ffff:10.0.0.1', ['198.51.100.1'], '198.51.100.1'],
  ['a proxy behind what the client wrote itself', '10.0.0.1', ['203.0.113.9, 198.51.100.1'], '198.51.100.1'],
  ['the same in two fields', '10.0.0.1', ['203.0.113.9', '198.51.100.1'], '198.51.100.1'],
  ['two proxies', '10.0.0.1', ['198.51.100.1, 10.0.0.2'], '198.51.100.1'],
  ['a client inside', '10.0.0.1', ['10.0.0.9'], '10.0.0.9'],
  ['IPv6', 'fd00::1', ['2001:DB8:0::1'], '2001:db8::1'],
  ['IPv6 with a port', 'fd00::1', ['[2001:db8::1]:4711'], '2001:db8::1'],
  ['a port', '10.0.0.1', ['198.51.100.1:4711'], '198.51.100.1'],
  ['a proxy that says nothing', '10.0.0.1', undefined, '10.0.0.1'],
  ['a word that is no address', '10.0.0.1', ['198.51.100.1, unknown'], '10.0.0.1'],
  ['a word before our second proxy', '10.0.0.1', ['unknown, 10.0.0.2'], '10.0.0.2'],
])('%s', (_, remoteAddress, forwarded, client) => {
  const headersDistinct = forwarded === undefined ? {} : { 'x-forwarded-for': [...forwarded] }
  expect(clientAddress({ socket: { remoteAddress }, headersDistinct } as unknown as IncomingMessage, proxies)).toBe(
    client,
  )
})
