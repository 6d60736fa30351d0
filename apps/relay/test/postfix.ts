// Debian's Postfix as a test's other side, and a wire to it that can be cut. Where there's no Postfix the test says so and fails:
// `scripts/services` installs it.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface PostfixOptions {
  readonly hostname?: string
  readonly domains?: readonly string[]
  readonly users?: readonly string[]
  readonly certificate?: { readonly cert: string; readonly key: string }
  readonly login?: { readonly user: string; readonly secret: string }
  readonly keeps?: 'maildir' | 'sink'
  readonly greylists?: boolean
  readonly settings?: Readonly<Record<string, string>>
}

export interface Postfix {
  readonly ports: { readonly mx: number; readonly submission: number; readonly submissions: number }
  messages(address: string): readonly string[]
  log(): string
  stop(): Promise<void>
}

/** The caller stops it. */
export async function startPostfix(options: PostfixOptions): Promise<Postfix> {
  const script = new URL('../../../scripts/postfix.mjs', import.meta.url).href
  const { startPostfix: start } = (await import(script)) as { startPostfix(options: PostfixOptions): Promise<Postfix> }
  return start(options)
}

/** A wire to `port` that is cut when the server's reply to the whole message is about to come through. */
export async function givenCutWire(port: number): Promise<{ readonly port: number; readonly cuts: () => number }> {
  let cuts = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const behind = connect(port, '127.0.0.1')
    for (const socket of [client, behind]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => [client, behind].map((one) => one.destroy()))
    }
    client.on('data', (bytes) => behind.write(bytes))
    behind.on('data', (bytes) => {
      if (!bytes.toString('latin1').includes('queued as')) return client.write(bytes)
      cuts += 1
      return client.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, cuts: () => cuts }
}
