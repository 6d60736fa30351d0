// A name server over UDP and TCP for tests: it answers from a table, says what is genuine (AD), and can be told to fail.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { onTestFinished } from 'vitest'

export interface NameServer {
  /** `address:port`, as POSTERN_DNS_SERVERS takes it. */
  readonly server: string
  /** `MX example.test` → records as a zone file has them. */
  readonly zone: Map<string, readonly string[]>
  /** Names whose answers are genuine. */
  readonly genuine: Set<string>
  /** `TLSA _25._tcp.mx.test` → `SERVFAIL`, `dead`, `cut` (TCP is needed), `garbage`, `old` (no OPT record). */
  readonly trouble: Map<string, 'SERVFAIL' | 'dead' | 'cut' | 'garbage' | 'old'>
  readonly questions: string[]
}

const codes: Readonly<Record<string, number>> = { A: 1, MX: 15, TXT: 16, AAAA: 28, TLSA: 52 }

export async function givenNames(zone: Readonly<Record<string, readonly string[]>> = {}): Promise<NameServer> {
  const { udp, tcp, port } = await bothOnOnePort()
  const it: NameServer = {
    server: `127.0.0.1:${port}`,
    zone: new Map(Object.entries(zone)),
    genuine: new Set(),
    trouble: new Map(),
    questions: [],
  }
  tcp.on('connection', (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      const reply = answer(bytes.subarray(2), it, { isTcp: true })
      if (reply) socket.end(Buffer.concat([Buffer.of(reply.length >> 8, reply.length & 255), reply]))
    })
  })
  udp.on('message', (question, from) => {
    const reply = answer(question, it, { isTcp: false })
    if (reply) udp.send(reply, from.port, from.address)
  })
  onTestFinished(() => {
    udp.close()
    tcp.close()
  })
  return it
}

/** What is free for UDP may be taken for TCP. */
async function bothOnOnePort() {
  for (;;) {
    const udp = createSocket('udp4').bind(0, '127.0.0.1')
    await once(udp, 'listening')
    const tcp = createServer().listen(udp.address().port, '127.0.0.1')
    try {
      await once(tcp, 'listening')
      return { udp, tcp, port: udp.address().port }
    } catch {
      udp.close()
    }
  }
}

function answer(question: Buffer, it: NameServer, { isTcp }: { isTcp: boolean }): Buffer | undefined {
  const labels: string[] = []
  let at = 12
  for (let length = question[at]!; length > 0; length = question[at]!) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const code = question.readUInt16BE(at + 1)
  const type = Object.keys(codes).find((name) => codes[name] === code) ?? ''
  const name = labels.join('.').toLowerCase()
  const key = `${type} ${name}`
  it.questions.push(key)
  const trouble = it.trouble.get(key)
  if (trouble === 'dead') return undefined
  const isCut = trouble === 'cut' && !isTcp
  const records = isCut || trouble === 'SERVFAIL' ? [] : (it.zone.get(key) ?? [])
  const isKnown = [...it.zone.keys()].some((one) => one.endsWith(` ${name}`) || one.endsWith(`.${name}`))
  const isTooNew = trouble === 'old' && question.readUInt16BE(10) > 0
  const code4 = isTooNew ? 1 : trouble === 'SERVFAIL' ? 2 : isKnown || isCut ? 0 : 3
  const header = Buffer.alloc(12)
  question.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180 | (isCut ? 0x0200 : 0) | (it.genuine.has(name) ? 0x0020 : 0) | code4, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(records.length, 6)
  const reply = Buffer.concat([header, question.subarray(12, at + 5), ...records.map((one) => resource(type, one))])
  return trouble === 'garbage' ? reply.fill(0xc0, 12) : reply
}

function resource(type: string, record: string): Buffer {
  const data = dataOf(type, record)
  const head = Buffer.alloc(12)
  // A pointer to the question's name, class IN, a minute to live.
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(codes[type]!, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(60, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function dataOf(type: string, record: string): Buffer {
  if (type === 'A') return Buffer.from(record.split('.').map(Number))
  // Written out in full: 2001:db8:0:0:0:0:0:1.
  if (type === 'AAAA')
    return Buffer.from(
      record.split(':').flatMap((one) => [Number.parseInt(one, 16) >> 8, Number.parseInt(one, 16) & 255]),
    )
  if (type === 'TXT') {
    const strings = record.match(/.{1,255}/gs) ?? ['']
    return Buffer.concat(strings.map((text) => Buffer.concat([Buffer.of(text.length), Buffer.from(text)])))
  }
  const words = record.split(' ')
  if (type === 'TLSA') return Buffer.concat([Buffer.from(words.slice(0, 3).map(Number)), Buffer.from(words[3]!, 'hex')])
  return Buffer.concat([Buffer.of(Number(words[0]) >> 8, Number(words[0]) & 255), nameOf(words[1]!)])
}

const nameOf = (name: string): Buffer =>
  Buffer.concat([
    ...name
      .split('.')
      .filter((label) => label !== '')
      .map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
    Buffer.of(0),
  ])
