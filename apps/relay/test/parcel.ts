// Parcels to send, and what a transport is made with in tests.

import { createLogger } from '@postern/telemetry'
import { onTestFinished } from 'vitest'
import type { OutgoingMessage, Parcel, ParcelRecipient, Transport, TransportDeps } from '../src/index.js'

export const quietLogger = createLogger({ level: 'silent' })

export const letter = [
  'From: Ada <ada@example.test>',
  'To: you@example.org',
  'Subject: A letter',
  'Message-ID: <1@example.test>',
  'Date: Mon, 02 Mar 2026 10:00:00 +0000',
  '',
  'Hello.',
  '.a line with a dot',
  '',
].join('\r\n')

export function messageOf(text: string | Buffer): OutgoingMessage {
  const bytes = Buffer.from(text)
  return {
    size: bytes.length,
    async *read() {
      yield new Uint8Array(bytes)
    },
  }
}

export const to = (address: string, given: Partial<ParcelRecipient> = {}): ParcelRecipient => ({
  id: ++lastId,
  address,
  domain: address.slice(address.lastIndexOf('@') + 1).toLowerCase(),
  notify: undefined,
  originalRecipient: undefined,
  ...given,
})
let lastId = 0

export function parcelTo(addresses: readonly (string | ParcelRecipient)[], given: Partial<Parcel> = {}): Parcel {
  return {
    queueId: `q${++lastId}`,
    sender: 'ada@example.test',
    recipients: addresses.map((one) => (typeof one === 'string' ? to(one) : one)),
    ret: undefined,
    envelopeId: undefined,
    requireTls: false,
    tlsOptional: false,
    body: '7bit',
    message: messageOf(letter),
    ...given,
  }
}

export const deps: TransportDeps = {
  hostname: 'relay.example.test',
  dnsServers: [],
  allowsPrivateAddresses: true,
  logger: quietLogger,
}

export const never = (): AbortSignal => new AbortController().signal

/** Closed when the test ends. */
export function closing(transport: Transport): Transport {
  onTestFinished(() => transport.close())
  return transport
}
