/**
 * Parses the PROXY protocol's header, versions 1 and 2, in which a load balancer tells whom it speaks for
 * (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt §2). Works on what has arrived so far and asks for more until
 * the header is whole; never takes a byte behind it.
 */
import { isIPv4, isIPv6 } from 'node:net'
import { plainAddress } from './networks.js'

export interface ProxySource {
  readonly address: string
  readonly port: number
  /** Whether the client came to the balancer by TLS; absent where the balancer doesn't say. */
  readonly secure?: boolean
}

export type ProxyHeader =
  | { readonly state: 'incomplete' }
  | { readonly state: 'malformed' }
  /** Without a source (LOCAL, UNKNOWN, or a family that isn't IP) the connection is the balancer's own. */
  | { readonly state: 'complete'; readonly length: number; readonly source?: ProxySource }

/** §2.1: "a 108-byte buffer is always enough", CRLF included and the trailing zero not. */
const lineLengthMax = 107
/** Addresses and TLVs of version 2; far above what balancers send, far below the format's 65535. */
const blockLengthMax = 4096
const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const word = Buffer.from('PROXY ')
/** §2.2.6: PP2_TYPE_SSL, and in the first byte of its value PP2_CLIENT_SSL. */
const tlsType = 0x20
const tlsClientBit = 0x01

const incomplete: ProxyHeader = { state: 'incomplete' }
const malformed: ProxyHeader = { state: 'malformed' }

export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (begins(bytes, signature)) return bytes.length < signature.length ? incomplete : version2(bytes)
  if (begins(bytes, word)) return bytes.length < word.length ? incomplete : version1(bytes)
  return malformed
}

/** Whether the bytes are a beginning of the other ones, or the other way round. */
function begins(bytes: Buffer, expected: Buffer): boolean {
  const length = Math.min(bytes.length, expected.length)
  return bytes.subarray(0, length).equals(expected.subarray(0, length))
}

/** §2.1: "PROXY" SP ("TCP4" / "TCP6" / "UNKNOWN") [SP source SP destination SP port SP port] CRLF */
function version1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, lineLengthMax).indexOf('\r\n')
  if (end < 0) return bytes.length < lineLengthMax ? incomplete : malformed
  const length = end + 2
  const fields = bytes.toString('latin1', 0, end).split(' ')
  if (fields[1] === 'UNKNOWN') return { state: 'complete', length }
  const [, family, address = '', destination = '', port = '', destinationPort = '', ...more] = fields
  if (family !== 'TCP4' && family !== 'TCP6') return malformed
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6
  if (!isAddress(address) || !isAddress(destination) || more.length > 0) return malformed
  if (!isPort(port) || !isPort(destinationPort)) return malformed
  return { state: 'complete', length, source: { address, port: Number(port) } }
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

/** §2.2: signature, version and command, family and protocol, length, addresses, TLVs. */
function version2(bytes: Buffer): ProxyHeader {
  if (bytes.length > 12 && ![0x20, 0x21].includes(bytes[12]!)) return malformed
  if (bytes.length < 16) return incomplete
  const blockLength = bytes.readUInt16BE(14)
  if (blockLength > blockLengthMax) return malformed
  const length = 16 + blockLength
  const isLocal = bytes[12] === 0x20
  const family = bytes[13]! >> 4
  const addressLength = { 1: 4, 2: 16 }[family]
  if (!isLocal && addressLength !== undefined && blockLength < 2 * addressLength + 4) return malformed
  if (bytes.length < length) return incomplete
  if (isLocal || addressLength === undefined) return { state: 'complete', length }
  const address = written(bytes.subarray(16, 16 + addressLength))
  const secure = saysTls(bytes.subarray(16 + 2 * addressLength + 4, length))
  const source = { address, port: bytes.readUInt16BE(16 + 2 * addressLength), ...(secure !== undefined && { secure }) }
  return { state: 'complete', length, source }
}

/** §2.2.6: of the TLVs, the one in which the balancer says how the client came to it. */
function saysTls(tlvs: Buffer): boolean | undefined {
  for (let at = 0; at + 3 <= tlvs.length; ) {
    const value = tlvs.subarray(at + 3, at + 3 + tlvs.readUInt16BE(at + 1))
    if (tlvs[at] === tlsType && value.length > 0) return (value[0]! & tlsClientBit) !== 0
    at += 3 + tlvs.readUInt16BE(at + 1)
  }
  return undefined
}

function written(address: Buffer): string {
  if (address.length === 4) return address.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(index * 2).toString(16))
  return plainAddress(groups.join(':'))
}
