// The IMAP server on a store of its own, as a real client meets it: over TLS, on a free port, with one inbox. And the
// clients: programs of the machine, run to their end.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localDoorbell } from '@postern/events'
import { type Account, openStore } from '@postern/mailbox-store'
import { networks, openCertificates } from '@postern/service'
import { createLogger, createMetrics } from '@postern/telemetry'
import { onTestFinished } from 'vitest'
import { startImapServer } from '../../src/index.js'

export const user = 'alice@example.test'
export const password = 'correct horse "battery" staple'

export interface MailServer {
  readonly port: number
  /** Begins in clear, with STARTTLS. */
  readonly clearPort: number
  /** PEM of the CA that signed for localhost. */
  readonly caFile: string
  /** A folder for what the test writes; gone afterwards. */
  readonly folder: string
  readonly account: Account
  /** A message straight into the store, as a delivery would. */
  deliver(mailbox: string, message: string): Promise<void>
  /** A message as a submission would file it: queued, and in Sent. */
  submit(message: string): Promise<void>
  /** What the server's log has of warnings and errors. */
  complaints(): string
}

export async function mailServer(): Promise<MailServer> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-clients-'))
  const lines: string[] = []
  const logger = createLogger({ level: 'warn', destination: { write: (line) => void lines.push(line) } })
  const metrics = createMetrics({ processMetrics: false })
  const doorbell = localDoorbell({ onError: (err) => logger.error({ err }, 'a listener failed') })
  const store = await openStore({
    folder: join(folder, 'data'),
    ring: (changes) => {
      for (const { mailbox, modSeq } of changes) doorbell.ring({ mailbox, modSeq })
    },
    onError: (err) => logger.error({ err }, 'background work failed'),
  })
  const { environment } = await store.directory.ensureDefault({ tenant: 'test', environment: 'test' })
  const domain = await store.directory.createDomain({ environment: environment.id, name: 'example.test' })
  const inbox = await store.directory.createInbox({ domain: domain.id, address: user })
  const account = store.account(inbox.id)
  const certificates = await openCertificates({
    ...{ dataDir: folder, hostname: 'localhost', watchMs: 3_600_000, clock: Date.now, logger, metrics },
  })
  const server = await startImapServer({
    ...{ store, doorbell, certificates, logger, metrics, version: '0.0.0', host: '127.0.0.1', port: 0, clearPort: 0 },
    login: async (given) => (given.user === user && given.secret === password ? { account, address: user } : undefined),
    proxyNetworks: networks([]),
    connectionsMax: 100,
    connectionsPerAddressMax: 100,
    limits: { lingerMs: 50 },
  })
  onTestFinished(async () => {
    await server.drain()
    await server.close()
    certificates.close()
    await doorbell.close()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    port: server.port,
    clearPort: server.clearPort as number,
    caFile: certificates.caFile as string,
    folder,
    account,
    async deliver(mailbox, message) {
      const found = await account.mailbox(mailbox)
      if (found === undefined) throw new Error(`no mailbox ${mailbox}`)
      await account.append(found.id, [{ message: Buffer.from(message) }])
    },
    async submit(message) {
      await store.outbox.submit({
        ...{ account: inbox.id, sender: user, recipients: [{ address: 'bob@example.net' }], body: '8bitmime' },
        message: await store.stage(Buffer.from(message)),
        internalDate: Math.floor(Date.now() / 1000),
        sentCopy: { account: inbox.id },
      })
    },
    complaints: () => lines.join(''),
  }
}

/** A plain message with CRLF. */
export function message(subject: string, body = 'Hello.'): string {
  const lines = [
    'From: Bob <bob@example.net>',
    'To: Alice <alice@example.test>',
    `Subject: ${subject}`,
    'Date: Fri, 06 Feb 2026 10:11:12 +0000',
    `Message-ID: <${encodeURIComponent(subject)}@example.net>`,
    '',
    body,
    '',
  ]
  return lines.join('\r\n')
}

export interface Ended {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/** Debian's packages of the programs that not every machine has. */
const packages: Readonly<Record<string, string>> = {
  mbsync: 'isync',
  curl: 'curl',
  openssl: 'openssl',
  python3: 'python3',
}

/** A program to its end; `input` is typed into it. */
export function run(program: string, words: readonly string[], { input = '' } = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      stdio: 'pipe',
      timeout: 20_000,
      env: { PATH: process.env.PATH, HOME: tmpdir() },
    })
    const out = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      out.stderr += text
    })
    child.once('error', () =>
      reject(new Error(`${program} is not on this machine: apt-get install ${packages[program] ?? program}`)),
    )
    child.once('close', (code, signal) => resolve({ code: code ?? signal ?? 'gone', ...out }))
    child.stdin.end(input)
  })
}
