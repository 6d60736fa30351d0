// The next server, in clear and without a login: it takes mail and keeps it, or answers what a test wants.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { onTestFinished } from 'vitest'

export interface Remote {
  readonly port: number
  readonly mails: { readonly to: readonly string[]; readonly text: string }[]
  /** The answer to a message comes behind this. */
  holds: Promise<void>
  /** Answers to RCPT; undefined takes it. */
  says: (address: string) => { readonly responseCode: number; readonly message: string } | undefined
}

export async function startRemote(): Promise<Remote> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onRcptTo({ address }, _, done) {
      const refusal = remote.says(address)
      done(refusal && Object.assign(new Error(refusal.message), refusal))
    },
    onData(stream, { envelope }, done) {
      const pieces: Buffer[] = []
      stream.on('data', (piece) => pieces.push(piece))
      stream.on('end', () => {
        remote.mails.push({ to: envelope.rcptTo.map(({ address }) => address), text: Buffer.concat(pieces).toString() })
        void remote.holds.then(() => done())
      })
    },
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const { port } = server.server.address() as AddressInfo
  const remote: Remote = { port, mails: [], holds: Promise.resolve(), says: () => undefined }
  return remote
}
