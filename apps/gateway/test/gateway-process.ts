// A gateway, or one command of its command line, as a process of its own, on a data folder of the test's.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadServerKey, parseSecret, verifySecret } from '@postern/auth'
import { type Credential, openStore } from '@postern/mailbox-store'
import { afterAll, afterEach } from 'vitest'
import type { Announcement } from '../src/announcement.js'

export const bin = fileURLToPath(new URL('../bin/postern.js', import.meta.url))

const folders: string[] = []
const running: Process[] = []
afterEach(async () => {
  const ending = running.splice(0)
  for (const { child } of ending) child.kill('SIGKILL')
  await Promise.all(ending.map(({ ended }) => ended))
})

// Not after each test: a store that a test closes when it's finished is still open then, and may be writing.
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-gateway-'))
  folders.push(folder)
  return folder
}

export interface Process {
  readonly child: ChildProcess
  stdout(): string
  stderr(): string
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

const submissionPorts = { POSTERN_SUBMISSIONS_PORT: '0', POSTERN_SUBMISSION_PORT: '0' }
const inboundPorts = { POSTERN_MX_PORT: '0', POSTERN_LMTP_PORT: '0' }

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** A program and its words, in front of node's. */
  readonly under?: readonly string[]
}

export function postern(words: readonly string[], { under = [], ...options }: RunOptions = {}): Process {
  const [name, ...rest] = [...under, process.execPath, bin, ...words] as [string, ...string[]]
  return program(name, rest, options)
}

interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** What ends in a gateway. */
export function program(name: string, words: readonly string[], { env = {}, cwd }: ProgramOptions = {}): Process {
  const ports = { POSTERN_HTTP_PORT: '0', POSTERN_IMAPS_PORT: '0', ...submissionPorts, ...inboundPorts }
  const own = { PATH: process.env.PATH, ...ports, POSTERN_LOG_LEVEL: 'info' }
  const child = spawn(name, words, { cwd, env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const out = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    out.stderr += text
  })
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'gone'))
  })
  const gateway = { child, stdout: () => out.stdout, stderr: () => out.stderr, ended }
  running.push(gateway)
  return gateway
}

/** One command to its end. */
export async function run(words: readonly string[], options: RunOptions = {}) {
  const process = postern(words, options)
  const code = await process.ended
  return { code, stdout: process.stdout(), stderr: process.stderr() }
}

/** Resolves with what `find` makes of standard output, as soon as it makes something of it. */
async function until<Found>(gateway: Process, find: (stdout: string) => Found | undefined): Promise<Found> {
  let isEnded = false
  gateway.ended.then(() => {
    isEnded = true
  })
  for (;;) {
    const found = find(gateway.stdout())
    if (found !== undefined) return found
    if (isEnded) throw new Error(`the gateway ended:\n${gateway.stdout()}${gateway.stderr()}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

export const said = (gateway: Process, text: string): Promise<true> =>
  until(gateway, (stdout) => stdout.includes(text) || undefined)

/** Resolves when `postern start --json` has announced itself. */
export const started = (gateway: Process): Promise<Announcement> =>
  until(gateway, (stdout) => {
    const lines = stdout.split('\n').slice(0, -1)
    const line = lines.find((each) => each.includes('"health"') && !each.includes('"msg"'))
    return line === undefined ? undefined : JSON.parse(line)
  })

export async function stop(gateway: Process): Promise<number | string> {
  gateway.child.kill('SIGTERM')
  return gateway.ended
}

/** The credential that the secret opens now, read from the folder of a gateway that doesn't run. */
export async function credentialOf(secret: string, dataDir: string): Promise<Credential | undefined> {
  const serverKey = await loadServerKey(join(dataDir, 'secret.key'))
  const store = await openStore({ folder: dataDir })
  try {
    const found = await store.directory.findSecret(parseSecret(secret)?.publicPart ?? '')
    if (!found || !verifySecret(secret, found.hash, serverKey)) return undefined
    return found.expiresAt === undefined || found.expiresAt > Date.now() ? found.credential : undefined
  } finally {
    await store.close()
  }
}
