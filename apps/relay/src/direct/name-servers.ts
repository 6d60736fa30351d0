/**
 * Questions to name servers (RFC 1035 §4), with what Node's own resolver doesn't tell: whether the answer was found genuine by
 * DNSSEC. Each question asks for that by the AD bit (RFC 6840 §5.7), and the bit of the answer is believed as far as the way to
 * the name server is: DANE wants a validating one on this machine, or over a network that's trusted. UDP first, TCP where an
 * answer is cut short.
 */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { getServers } from 'node:dns'
import { connect, isIPv6 } from 'node:net'
import { isName, type Records, type RecordType, readAnswer, writeQuestion } from './dns-message.js'

export interface Answer<Type extends RecordType> {
  readonly records: readonly Records[Type][]
  /** The name server vouches for it (RFC 4035 §3.2.3). */
  readonly isSecure: boolean
  /** The name isn't there at all (RFC 8020), rather than without such records. */
  readonly isNoName: boolean
}

export interface NameServers {
  /** Rejects where nobody answered, or only that there is trouble. */
  ask<Type extends RecordType>(type: Type, name: string): Promise<Answer<Type>>
}

export class LookupFailed extends Error {
  override readonly name = 'LookupFailed'
}

const timeoutMs = 3_000
/** The second time in the way of old servers, some of which know no OPT record. */
const rounds = [{ isExtended: true }, { isExtended: false }]

export function nameServers(servers: readonly string[]): NameServers {
  return {
    async ask(type, name) {
      const asked = servers.length > 0 ? servers : getServers()
      let why = 'there is no name server'
      // What can't be a name isn't there.
      if (!isName(name)) return { records: [], isSecure: false, isNoName: true }
      for (const { isExtended } of rounds)
        for (const server of asked) {
          try {
            return await askOne({ type, name, server, isExtended })
          } catch (error) {
            why = error instanceof Error ? error.message : String(error)
          }
        }
      throw new LookupFailed(`No answer about ${type} of ${name}: ${why}`)
    },
  }
}

async function askOne<Type extends RecordType>(question: {
  type: Type
  name: string
  server: string
  isExtended: boolean
}): Promise<Answer<Type>> {
  const id = randomInt(65_536)
  const bytes = writeQuestion({ ...question, id })
  const place = placeOf(question.server)
  const read = (reply: Buffer) => readAnswer(reply, { id, question: bytes, type: question.type })
  const short = read(await overUdp(bytes, { place, isOurs: (reply) => read(reply) !== undefined }))
  const answer = short?.isCut ? read(await overTcp(bytes, place)) : short
  if (answer === undefined) throw new Error('its answer makes no sense')
  if (answer.trouble !== undefined) throw new Error(answer.trouble)
  return answer
}

interface Place {
  readonly host: string
  readonly port: number
}

/** `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:5353`. */
function placeOf(server: string): Place {
  if (isIPv6(server)) return { host: server, port: 53 }
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(server) ?? []
  return { host: bracketed ?? plain ?? server, port: Number(port ?? 53) }
}

/** Each question from a port of its own; replies that aren't to it are passed over. */
function overUdp(bytes: Buffer, how: { place: Place; isOurs: (reply: Buffer) => boolean }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(how.place.host) ? 'udp6' : 'udp4')
    const settle = (error: Error | undefined, reply?: Buffer) => {
      clearTimeout(timer)
      socket.removeAllListeners()
      socket.on('error', () => undefined)
      socket.close()
      if (reply === undefined) reject(error)
      else resolve(reply)
    }
    const timer = setTimeout(() => settle(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    socket.on('error', (error) => settle(error))
    socket.on('message', (reply) => how.isOurs(reply) && settle(undefined, reply))
    socket.connect(how.place.port, how.place.host, () => socket.send(bytes))
  })
}

/** RFC 1035 §4.2.2: a length of two bytes goes before. */
function overTcp(bytes: Buffer, place: Place): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(place)
    let input = Buffer.alloc(0)
    const settle = (error: Error | undefined, reply?: Buffer) => {
      clearTimeout(timer)
      socket.destroy()
      if (reply === undefined) reject(error)
      else resolve(reply)
    }
    const timer = setTimeout(() => settle(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    socket.on('error', (error) => settle(error))
    socket.on('close', () => settle(new Error('the connection was closed')))
    socket.on('connect', () => socket.write(Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes])))
    socket.on('data', (chunk) => {
      input = Buffer.concat([input, chunk])
      if (input.length >= 2 && input.length >= 2 + input.readUInt16BE(0))
        settle(undefined, input.subarray(2, 2 + input.readUInt16BE(0)))
    })
  })
}
