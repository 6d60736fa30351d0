/** Links, doorbells and counters of as many processes as a test needs, closed with it, and a wire to Redis that can be slow. */
import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import {
  type Counters,
  type Doorbell,
  localCounters,
  type RedisDoorbellOptions,
  RedisLink,
  type RedisServer,
  redisCounters,
  redisDoorbell,
} from '../src/index.js'

export const soon = { timeout: 20_000, interval: 10 } as const

export interface Member {
  readonly link: RedisLink
  readonly doorbell: Doorbell
  readonly counters: Counters
  readonly errors: unknown[]
  /** As the link told them: "up", or why it is down. */
  readonly states: string[]
  stoodIn(): number
}

/** What one process has of it. */
export function member(server: RedisServer, options: Partial<RedisDoorbellOptions> = {}): Member {
  const errors: unknown[] = []
  const states: string[] = []
  let stoodIn = 0
  const link = new RedisLink({ server, onState: ({ isUp, reason }) => states.push(isUp ? 'up' : reason) })
  const doorbell = redisDoorbell({ link, onError: (error) => errors.push(error), pollMs: 300, ...options })
  const standIn = localCounters({ keysMax: 100, membersMax: 5 })
  const onError = (error: unknown): void => void errors.push(error)
  const counters = redisCounters({ link, standIn, membersMax: 5, onError, onStoodIn: () => stoodIn++ })
  onTestFinished(async () => {
    await doorbell.close()
    await counters.close()
    link.close()
  })
  return { link, doorbell, counters, errors, states, stoodIn: () => stoodIn }
}

export async function members(server: RedisServer, options: Partial<RedisDoorbellOptions> = {}) {
  const both = [member(server, options), member(server, options)] as const
  for (const { link } of both) expect(await link.opened(20_000)).toBe(true)
  return both
}

/** What a listener of the mailbox hears, and of that what says how far. */
export function hearing({ doorbell }: Member, mailbox: number) {
  const all: number[] = []
  const stop = doorbell.listen(mailbox, (modSeq) => void all.push(modSeq))
  return { all, stop, modSeqs: () => all.filter((modSeq) => modSeq > 0) }
}

/** A port that leads to Redis, holds every answer back for `delayMs`, and can be cut. */
export async function slowWire(port: number) {
  const sockets = new Set<Socket>()
  let isCut = false
  const cut = (is: boolean): void => {
    isCut = is
    if (is) for (const socket of sockets) socket.destroy()
  }
  const wire = { port: 0, delayMs: 0, cut }
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => setTimeout(() => near.write(bytes), wire.delayMs))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address === 'object' && address) wire.port = address.port
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return wire
}
