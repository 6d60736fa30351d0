// A gateway that takes mail, from outside: the clients that send to it and read in it, and programs of the machine, run to their end.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { onTestFinished } from 'vitest'
import type { Announcement } from '../src/announcement.js'
import { Caller } from './caller.js'
import { newFolder, type Process, postern, started } from './gateway-process.js'

export interface Running {
  readonly gateway: Process
  readonly said: Announcement
  readonly dataDir: string
  readonly user: string
  readonly secret: string
}

export async function running(env: Record<string, string> = {}): Promise<Running> {
  const dataDir = env.POSTERN_DATA_DIR ?? join(newFolder(), 'data')
  const gateway = postern(['start', '--json'], { env: { POSTERN_DATA_DIR: dataDir, ...env } })
  const said = await started(gateway)
  return { gateway, said, dataDir, user: 'me@example.test', secret: said.firstStart?.password as string }
}

/** Started anew on the folder of one that has ended. */
export async function again(it: Running, env: Record<string, string> = {}): Promise<Running> {
  const gateway = postern(['start', '--json'], { env: { POSTERN_DATA_DIR: it.dataDir, ...env } })
  return { ...it, gateway, said: await started(gateway) }
}

export const ca = ({ said }: Running): Buffer => readFileSync(said.caFile as string)

export async function reader(it: Running): Promise<ImapFlow> {
  const client = new ImapFlow({
    ...{ host: 'localhost', port: it.said.imap?.port as number, secure: true, logger: false },
    ...{ auth: { user: it.user, pass: it.secret }, tls: { ca: ca(it) } },
  })
  await client.connect()
  onTestFinished(() => client.close())
  return client
}

export async function subjects(it: Running, mailbox: string): Promise<string[]> {
  const client = await reader(it)
  const open = await client.mailboxOpen(mailbox)
  const all = open.exists === 0 ? [] : await client.fetchAll('1:*', { envelope: true, flags: true })
  await client.logout()
  return all.map(({ envelope, flags }) => `${envelope?.subject}${flags?.has('\\Seen') ? ' (seen)' : ''}`)
}

export function mailer(it: Running, { secure }: { secure: boolean }, auth = { user: it.user, pass: it.secret }) {
  const port = (secure ? it.said.smtp : it.said.smtpStartTls)?.port as number
  const transport = createTransport({ host: 'localhost', port, secure, requireTLS: !secure, auth, tls: { ca: ca(it) } })
  onTestFinished(() => transport.close())
  return transport
}

/** A program of the machine to its end. */
export function run(
  program: string,
  words: readonly string[],
  { input = '' } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: 'pipe', timeout: 20_000 })
    const out = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      out.stderr += text
    })
    child.once('error', () => reject(new Error(`${program} is not on this machine: scripts/services installs it`)))
    child.stdin.on('error', () => undefined).end(input)
    child.once('close', (code) => resolve({ code, ...out }))
  })
}

export const plain = (user: string, secret: string): string => Buffer.from(`\0${user}\0${secret}`).toString('base64')

/** A connection over TLS that has logged in. */
export async function loggedIn(it: Running, { user, secret }: { user: string; secret: string } = it): Promise<Caller> {
  const here = Caller.byTls(it.said.smtp?.port as number)
  here.say(`EHLO c\r\nAUTH PLAIN ${plain(user, secret)}\r\n`)
  await here.heard('235 ')
  return here
}

/** As the kernel tells it; elsewhere than on Linux this is not measured. */
export const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
