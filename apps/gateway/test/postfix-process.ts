// Debian's Postfix as the next server (scripts/postfix.mjs), under a certificate for localhost that only the test trusts; and a
// wire to it that is cut when its answer to a whole message comes, the first time.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { openCertificates } from '@postern/service'
import { createLogger, createMetrics } from '@postern/telemetry'
import { onTestFinished } from 'vitest'
import { newFolder } from './gateway-process.js'

export interface Postfix {
  readonly ports: { readonly mx: number; readonly submission: number; readonly submissions: number }
  messages(address: string): readonly string[]
  log(): string
  stop(): Promise<void>
}

interface Options {
  readonly domains: readonly string[]
  readonly users?: readonly string[]
  readonly certificate?: { readonly cert: string; readonly key: string }
  readonly login?: { readonly user: string; readonly secret: string }
  readonly greylists?: boolean
}

export async function startPostfix(options: Options): Promise<Postfix> {
  const script = new URL('../../../scripts/postfix.mjs', import.meta.url).href
  const { startPostfix: start } = (await import(script)) as { startPostfix(options: Options): Promise<Postfix> }
  const postfix = await start(options)
  onTestFinished(() => postfix.stop())
  return postfix
}

export interface CertificateForTests {
  readonly cert: string
  readonly key: string
  readonly caFile: string
}

export async function certificateForTests(): Promise<CertificateForTests> {
  const dataDir = newFolder()
  const certificates = await openCertificates({
    ...{ dataDir, hostname: 'localhost', watchMs: 3_600_000, clock: Date.now },
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics({ processMetrics: false }),
  })
  certificates.close()
  const file = (name: string) => join(dataDir, 'tls', name)
  const read = (name: string) => readFileSync(file(name), 'utf8')
  return { cert: read('cert.pem'), key: read('key.pem'), caFile: file('ca.pem') }
}

export async function wireCutOnce(port: number): Promise<{ readonly port: number; readonly cuts: () => number }> {
  let cuts = 0
  const server = createServer((client) => {
    const behind = connect(port, '127.0.0.1')
    for (const socket of [client, behind]) {
      onTestFinished(() => void socket.destroy())
      socket.on('error', () => undefined)
      socket.on('close', () => [client, behind].map((one) => one.destroy()))
    }
    client.on('data', (bytes) => behind.write(bytes))
    behind.on('data', (bytes) => {
      if (cuts > 0 || !bytes.toString('latin1').includes('queued as')) return client.write(bytes)
      cuts++
      return client.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, cuts: () => cuts }
}
