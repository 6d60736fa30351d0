// A server of lines over TLS, with a certificate that signs itself: for tests of what a client does with its answers.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { onTestFinished } from 'vitest'

/** The files of a certificate that signs itself. */
export function selfSigned(
  folder: string,
  { name, days }: { name: string; days: number },
): { cert: string; key: string } {
  mkdirSync(folder, { recursive: true })
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-days', String(days)]
  execFileSync('openssl', [...words, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { cert, key }
}

export async function tlsServer(
  folder: string,
  talk: (line: string) => string | undefined,
  greeting = '',
): Promise<number> {
  const { cert, key } = selfSigned(folder, { name: 'localhost', days: 30 })
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
    socket.on('error', () => undefined)
    if (greeting !== '') socket.write(greeting)
    socket.on('data', (data) => {
      const answer = talk(data.toString())
      if (answer === undefined) socket.end()
      else socket.write(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}
