/** What the tests of this package stand on: a quiet logger, metrics, certificates in a directory of their own, clients. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TLSSocket, type ConnectionOptions as TlsOptions, connect as tlsConnect } from 'node:tls'
import { createLogger, createMetrics, type Logger, type Metrics } from '@postern/telemetry'
import { onTestFinished, vi } from 'vitest'
import {
  type Certificates,
  type Listener,
  type ListenerOptions,
  listen,
  networks,
  openCertificates,
} from '../src/index.js'

export interface LogLines {
  readonly logger: Logger
  text(): string
}

export function logLines(): LogLines {
  const lines: string[] = []
  return {
    logger: createLogger({ level: 'trace', destination: { write: (line) => void lines.push(line) } }),
    text: () => lines.join(''),
  }
}

/** Looks until it holds, for as long as a busy machine may need. */
export const soon = (look: () => Promise<void> | void): Promise<void> => vi.waitFor(look, { timeout: 10_000 })

export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'postern-service-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export interface Given {
  readonly dataDir: string
  readonly certificates: Certificates
  readonly metrics: Metrics
  readonly log: LogLines
}

/** A self-made certificate for mail.example.test. */
export async function givenCertificates(
  options: {
    readonly nowMs?: () => number
    readonly files?: { cert: string; key: string }
    readonly watchMs?: number
  } = {},
): Promise<Given> {
  const dataDir = temporaryDirectory()
  const log = logLines()
  const metrics = createMetrics({ processMetrics: false })
  const certificates = await openCertificates({
    dataDir,
    hostname: 'mail.example.test',
    files: options.files,
    watchMs: options.watchMs ?? 3_600_000,
    clock: options.nowMs ?? Date.now,
    logger: log.logger,
    metrics,
  })
  onTestFinished(() => certificates.close())
  return { dataDir, certificates, metrics, log }
}

/** A listener on any free port of this machine, with small limits; what a test cares about it gives. */
export async function givenListener(options: Partial<ListenerOptions> = {}): Promise<Listener> {
  const listener = await listen({
    name: 'test',
    host: '127.0.0.1',
    port: 0,
    portSetting: 'POSTERN_TEST_PORT',
    proxyNetworks: networks([]),
    connectionsMax: 100,
    connectionsPerAddressMax: 100,
    proxyTimeoutMs: 2000,
    handshakeTimeoutMs: 2000,
    logger: logLines().logger,
    metrics: createMetrics({ processMetrics: false }),
    onConnection: ({ socket }) => void socket.end('hello\r\n'),
    onRefused: ({ socket }, refusal) => void socket.write(`busy: ${refusal}\r\n`),
    ...options,
  })
  onTestFinished(() => listener.close())
  return listener
}

export interface Client<S extends Socket = Socket> {
  readonly socket: S
  /** Everything received so far. */
  text(): string
  /** Resolves when that much has come; rejects when the connection ends before. */
  until(expected: string | RegExp): Promise<string>
  /** Resolves with everything received, when the connection is closed. */
  readonly closed: Promise<string>
}

export function plainClient(port: number): Client {
  return watched(connect({ port, host: '127.0.0.1', allowHalfOpen: true }))
}

export function tlsClient(port: number, options: TlsOptions = {}): Client<TLSSocket> {
  return watched(tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }))
}

export function watched<S extends Socket>(socket: S): Client<S> {
  let received = ''
  const waiting = new Set<() => void>()
  const check = () => {
    for (const look of waiting) look()
  }
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
    check()
  })
  socket.on('error', () => undefined)
  socket.on('end', () => socket.end())
  const closed = new Promise<string>((resolve) => {
    socket.on('close', () => {
      resolve(received)
      check()
    })
  })
  onTestFinished(() => void socket.destroy())
  return {
    socket,
    text: () => received,
    closed,
    until: (expected) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const isThere = typeof expected === 'string' ? received.includes(expected) : expected.test(received)
          if (!isThere && !socket.closed) return
          waiting.delete(look)
          if (isThere) resolve(received)
          else reject(new Error(`closed before ${expected}; received ${JSON.stringify(received.slice(0, 500))}`))
        }
        waiting.add(look)
        look()
      }),
  }
}

/** Promise.withResolvers, which Node 20 doesn't have. */
export function withResolvers<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
