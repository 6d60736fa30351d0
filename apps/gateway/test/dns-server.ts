// A name server over UDP for tests: it answers MX, TXT and SRV questions from a table, and with "no such name" otherwise
// (RFC 1035 §4). Names in answers aren't compressed.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface NameServer {
  /** `address:port`, as POSTERN_DNS_SERVERS takes it. */
  readonly server: string
  /** `MX example.test` → records as a zone file has them. To be changed at will. */
  readonly zone: Map<string, readonly string[]>
  /** Nobody answers any more. */
  isDead: boolean
}

const types = new Map([
  [15, 'MX'],
  [16, 'TXT'],
  [33, 'SRV'],
])

export async function nameServer(zone: Readonly<Record<string, readonly string[]>> = {}): Promise<NameServer> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const made = { server: `127.0.0.1:${(socket.address() as AddressInfo).port}`, zone: new Map(Object.entries(zone)) }
  const it: NameServer = { ...made, isDead: false }
  socket.on('message', (question, from) => {
    if (!it.isDead) socket.send(answer(question, it.zone), from.port, from.address)
  })
  onTestFinished(() => void socket.close())
  return it
}

function answer(question: Buffer, zone: NameServer['zone']): Buffer {
  const labels: string[] = []
  let at = 12
  for (let length = question[at] as number; length > 0; length = question[at] as number) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const type = types.get(question.readUInt16BE(at + 1)) ?? ''
  const asked = question.subarray(12, at + 5)
  const records = zone.get(`${type} ${labels.join('.').toLowerCase()}`) ?? []
  const header = Buffer.alloc(12)
  question.copy(header, 0, 0, 2)
  header.writeUInt16BE(records.length > 0 ? 0x8180 : 0x8183, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(records.length, 6)
  return Buffer.concat([header, asked, ...records.map((record) => resource(type, record))])
}

function resource(type: string, record: string): Buffer {
  const data = dataOf(type, record)
  const head = Buffer.alloc(12)
  // A pointer to the question's name, class IN, a minute to live.
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE([...types].find(([, name]) => name === type)?.[0] ?? 0, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(60, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function dataOf(type: string, record: string): Buffer {
  if (type === 'TXT') {
    const strings = record.match(/.{1,255}/gs) ?? ['']
    return Buffer.concat(strings.map((text) => Buffer.concat([Buffer.of(text.length), Buffer.from(text)])))
  }
  const words = record.split(' ')
  const numbers = words.slice(0, -1).map((word) => Buffer.of(Number(word) >> 8, Number(word) & 255))
  return Buffer.concat([...numbers, nameOf(words.at(-1) as string)])
}

const nameOf = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
    Buffer.of(0),
  ])
