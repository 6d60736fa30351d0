// A name server over UDP for tests: it answers from a table, with "no such name" otherwise, and can be told to fail (RFC 1035 §4). Names in
// answers aren't compressed.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export type Trouble = 'SERVFAIL' | 'dead' | 'garbage'

export interface NameServer {
  /** `address:port`, as POSTERN_DNS_SERVERS takes it. */
  readonly server: string
  /** `MX example.test` → records as a zone file has them. */
  readonly zone: Map<string, readonly string[]>
  /** `TXT example.test`, or `*` for whatever is asked. */
  readonly trouble: Map<string, Trouble>
  readonly questions: string[]
  ttlS: number
  close(): void
}

const codes: Readonly<Record<string, number>> = { A: 1, PTR: 12, MX: 15, TXT: 16, AAAA: 28 }

export async function nameServer(): Promise<NameServer> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const it: NameServer = {
    ...{ server: `127.0.0.1:${(socket.address() as AddressInfo).port}`, zone: new Map(), trouble: new Map() },
    ...{ questions: [], ttlS: 60, close: () => void socket.close() },
  }
  socket.on('message', (question, from) => {
    const reply = answer(question, it)
    if (reply !== undefined) socket.send(reply, from.port, from.address)
  })
  return it
}

function answer(question: Buffer, it: NameServer): Buffer | undefined {
  const labels: string[] = []
  let at = 12
  for (let length = question[at] as number; length > 0; length = question[at] as number) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const code = question.readUInt16BE(at + 1)
  const type = Object.keys(codes).find((name) => codes[name] === code) ?? ''
  const key = `${type} ${labels.join('.').toLowerCase()}`
  it.questions.push(key)
  const trouble = it.trouble.get(key) ?? it.trouble.get('*')
  if (trouble === 'dead') return undefined
  const records = trouble === undefined ? (it.zone.get(key) ?? []) : []
  const isThere = [...it.zone.keys()].some((one) => one.endsWith(` ${labels.join('.').toLowerCase()}`))
  const header = Buffer.alloc(12)
  question.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180 | (trouble === 'SERVFAIL' ? 2 : isThere ? 0 : 3), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(records.length, 6)
  const reply = Buffer.concat([
    header,
    question.subarray(12, at + 5),
    ...records.map((one) => resource(type, { record: one, ttlS: it.ttlS })),
  ])
  return trouble === 'garbage' ? reply.fill(0xc0, 6) : reply
}

function resource(type: string, { record, ttlS }: { readonly record: string; readonly ttlS: number }): Buffer {
  const data = dataOf(type, record)
  const head = Buffer.alloc(12)
  // A pointer to the question's name, class IN.
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(codes[type] ?? 0, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(ttlS, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function dataOf(type: string, record: string): Buffer {
  switch (type) {
    case 'A':
      return Buffer.from(record.split('.').map(Number))
    case 'AAAA':
      // Written out in full: 2001:db8:0:0:0:0:0:1.
      return Buffer.from(
        record.split(':').flatMap((pair) => [Number.parseInt(pair, 16) >> 8, Number.parseInt(pair, 16) & 255]),
      )
    case 'PTR':
      return nameOf(record)
    case 'MX': {
      const [priority = '', exchange = ''] = record.split(' ')
      return Buffer.concat([Buffer.of(Number(priority) >> 8, Number(priority) & 255), nameOf(exchange)])
    }
    default: {
      const strings = record.match(/.{1,255}/gs) ?? ['']
      return Buffer.concat(strings.map((text) => Buffer.concat([Buffer.of(text.length), Buffer.from(text)])))
    }
  }
}

const nameOf = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
    Buffer.of(0),
  ])
