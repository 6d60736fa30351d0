// How the host of a sink is looked up where name servers are set: their silence is not the same as a name that has no address.

import { expect, test } from 'vitest'
import { addressesOf } from '../src/sending/sink-client.js'

test('a name server that is not there is an error, and no name without addresses', async () => {
  await expect(addressesOf(['127.0.0.1:1'])('hooks.example.net')).rejects.toThrow(/ECONNREFUSED|ETIMEOUT/)
})

test('without name servers of its own it asks the system', async () => {
  expect(await addressesOf([])('localhost')).toEqual(
    expect.arrayContaining([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]),
  )
})
