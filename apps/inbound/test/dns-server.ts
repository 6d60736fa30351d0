// A name server of the tests over real UDP: it knows A records of some names, says of others that there are none, and keeps silent where it's
// told to. RFC 1035 §4.1.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** By name; an empty list: no answer at all. Whatever isn't there doesn't exist. */
export async function startDns(records: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const socket = createSocket('udp4')
  socket.on('message', (question, { port, address }) => {
    const answer = answerTo(question, records)
    if (answer !== undefined) socket.send(answer, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return `127.0.0.1:${(socket.address() as AddressInfo).port}`
}

const headerBytes = 12
const noSuchName = 3

function answerTo(question: Buffer, records: Readonly<Record<string, readonly string[]>>): Buffer | undefined {
  const labels: string[] = []
  let at = headerBytes
  for (let length = question[at] as number; length > 0; length = question[at] as number) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const asked = question.subarray(headerBytes, at + 5)
  const found = records[labels.join('.').toLowerCase()]
  if (found?.length === 0) return undefined
  const header = Buffer.alloc(headerBytes)
  question.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180 + (found === undefined ? noSuchName : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(found?.length ?? 0, 6)
  const answers = (found ?? []).map((address) =>
    Buffer.from([0xc0, headerBytes, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]),
  )
  return Buffer.concat([header, asked, ...answers])
}
