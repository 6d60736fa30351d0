/** The PROXY header's parser: every row whole, and one byte at a time. */
import { describe, expect, test } from 'vitest'
import { parseProxyHeader } from '../src/net/proxy-header.js'

const signature = '\r\n\r\n\0\r\nQUIT\n'
const latin1 = (text: string) => Buffer.from(text, 'latin1')

/** A version 2 header: version and command, family and protocol, block. */
function v2(command: number, family: number, block: Buffer, length = block.length): Buffer {
  const head = Buffer.from([command, family, length >> 8, length & 255])
  return Buffer.concat([latin1(signature), head, block])
}

const tcp4 = Buffer.from([192, 0, 2, 7, 198, 51, 100, 1, 0x1f, 0x90, 0x03, 0xe1])
const tcp6 = Buffer.from('20010db8000000000000000000000007fe80000000000000000000000000000112345678', 'hex')
const mapped = Buffer.from(`00000000000000000000ffffc0000207${'00'.repeat(16)}1f9003e1`, 'hex')
const tlv = Buffer.from([0x04, 0x00, 0x03, 1, 2, 3])

const tlsTlv = (client: number) => Buffer.from([0x20, 0x00, 0x05, client, 0, 0, 0, 0])
const from = { address: '192.0.2.7', port: 8080 }

const complete: [string, Buffer, { address: string; port: number; secure?: boolean } | undefined][] = [
  ['v1 TCP4', latin1('PROXY TCP4 192.0.2.7 198.51.100.1 56324 993\r\n'), { address: '192.0.2.7', port: 56_324 }],
  ['v1 TCP6', latin1('PROXY TCP6 2001:db8::7 ::1 1 65535\r\n'), { address: '2001:db8::7', port: 1 }],
  ['v1 port 0', latin1('PROXY TCP4 192.0.2.7 198.51.100.1 0 0\r\n'), { address: '192.0.2.7', port: 0 }],
  ['v1 UNKNOWN', latin1('PROXY UNKNOWN\r\n'), undefined],
  ['v1 UNKNOWN with the longest rest', latin1(`PROXY UNKNOWN ${'f'.repeat(91)}\r\n`), undefined],
  ['v2 TCP4', v2(0x21, 0x11, tcp4), { address: '192.0.2.7', port: 8080 }],
  ['v2 TCP6', v2(0x21, 0x21, tcp6), { address: '2001:db8::7', port: 0x1234 }],
  ['v2 TCP6 with an IPv4 address', v2(0x21, 0x21, mapped), { address: '192.0.2.7', port: 8080 }],
  ['v2 TCP4 with TLVs', v2(0x21, 0x11, Buffer.concat([tcp4, tlv, tlv])), { address: '192.0.2.7', port: 8080 }],
  ['v2 of a client by TLS', v2(0x21, 0x11, Buffer.concat([tcp4, tlv, tlsTlv(1)])), { ...from, secure: true }],
  [
    'v2 of a client by TLS, with more',
    v2(0x21, 0x11, Buffer.concat([tcp4, tlsTlv(7), tlv])),
    { ...from, secure: true },
  ],
  ['v2 of a client in clear', v2(0x21, 0x11, Buffer.concat([tcp4, tlsTlv(0)])), { ...from, secure: false }],
  ['v2 with a TLV that is cut', v2(0x21, 0x11, Buffer.concat([tcp4, Buffer.from([0x20, 0, 5])])), from],
  ['v2 with a TLV longer than its block', v2(0x21, 0x11, Buffer.concat([tcp4, Buffer.from([4, 255, 255, 1])])), from],
  ['v2 LOCAL', v2(0x20, 0x00, Buffer.alloc(0)), undefined],
  ['v2 LOCAL with addresses', v2(0x20, 0x11, tcp4), undefined],
  ['v2 LOCAL with TLVs', v2(0x20, 0x00, tlv), undefined],
  ['v2 of no known family', v2(0x21, 0x00, tlv), undefined],
  ['v2 of a Unix socket', v2(0x21, 0x31, Buffer.alloc(216)), undefined],
  ['v2 with the longest block', v2(0x20, 0x00, Buffer.alloc(4096)), undefined],
]

describe.each(complete)('%s', (_, header, source) => {
  const expected = { state: 'complete', length: header.length, ...(source && { source }) }

  test('whole, and with bytes behind it', () => {
    expect(parseProxyHeader(header)).toEqual(expected)
    expect(parseProxyHeader(Buffer.concat([header, latin1('a1 NOOP\r\n')]))).toEqual(expected)
  })

  test('one byte at a time is incomplete until the last one', () => {
    for (let length = 0; length < header.length; length++) {
      expect(parseProxyHeader(header.subarray(0, length))).toEqual({ state: 'incomplete' })
    }
  })
})

test.each([
  ['a command', latin1('a1 NOOP\r\n')],
  ['a ClientHello', Buffer.from('1603010200010001fc0303', 'hex')],
  ['lower case', latin1('proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n')],
  ['a tab', latin1('PROXY\tTCP4 192.0.2.7 198.51.100.1 1 2\r\n')],
  ['another family', latin1('PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n')],
  ["an object's field as family", latin1('PROXY constructor 192.0.2.7 198.51.100.1 1 2\r\n')],
  ['no family', latin1('PROXY \r\n')],
  ['two spaces', latin1('PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n')],
  ['a field too few', latin1('PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n')],
  ['a field too many', latin1('PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n')],
  ['IPv6 in TCP4', latin1('PROXY TCP4 ::1 198.51.100.1 1 2\r\n')],
  ['IPv4 in TCP6', latin1('PROXY TCP6 2001:db8::7 198.51.100.1 1 2\r\n')],
  ['no address', latin1('PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n')],
  ['a scope that hides something', latin1('PROXY TCP4 192.0.2.7\0 198.51.100.1 1 2\r\n')],
  ['a port too high', latin1('PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n')],
  ['a port with a sign', latin1('PROXY TCP4 192.0.2.7 198.51.100.1 +1 2\r\n')],
  ['a port with a zero before it', latin1('PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n')],
  ['LF alone', latin1(`PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n${'x'.repeat(80)}`)],
  ['a line too long', latin1(`PROXY UNKNOWN ${'f'.repeat(92)}\r\n`)],
  ['no end', latin1(`PROXY UNKNOWN ${'f'.repeat(1000)}`)],
  ['v2 of version 1', v2(0x11, 0x11, tcp4)],
  ['v2 with another command', v2(0x22, 0x11, tcp4)],
  ['v2 with too short a block for IPv4', v2(0x21, 0x11, tcp4.subarray(1))],
  ['v2 with too short a block for IPv6', v2(0x21, 0x21, tcp4)],
  ['v2 with a block too long', v2(0x21, 0x11, tcp4, 4097)],
  ['a signature with one byte wrong', latin1(`${signature.slice(0, 11)}\r!`)],
])('malformed: %s', (_, header) => {
  expect(parseProxyHeader(header)).toEqual({ state: 'malformed' })
  const seen = Array.from({ length: header.length }, (_, length) => parseProxyHeader(header.subarray(0, length)).state)
  expect(seen).not.toContain('complete')
})
