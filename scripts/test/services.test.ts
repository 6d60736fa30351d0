// Private servers for a command: it gets addresses that answer, its end is passed on, and nothing is left behind.

import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

const scripts = fileURLToPath(new URL('..', import.meta.url))
const temporary: string[] = []
afterEach(() => {
  for (const folder of temporary.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A run of a script with a temporary folder of its own and without the addresses that this test itself may have. */
function start(script: string, words: readonly string[], env: Record<string, string> = {}) {
  const TMPDIR = mkdtempSync(join(tmpdir(), 'postern-scripts-'))
  temporary.push(TMPDIR)
  // As root the servers run as another user, who has to get there.
  chmodSync(TMPDIR, 0o755)
  const { REDIS_URL: _, DATABASE_URL: __, ...own } = process.env
  const child = spawn(process.execPath, [join(scripts, script), ...words], { env: { ...own, TMPDIR, ...env } })
  const out = { stdout: '', stderr: '' }
  child.stdout.on('data', (text) => {
    out.stdout += text
  })
  child.stderr.on('data', (text) => {
    out.stderr += text
  })
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)))
  return { child, out, ended, left: () => readdirSync(TMPDIR) }
}

const isOpen = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(address)
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

const tellAndWait = ['bash', '-c', 'echo "$REDIS_URL $DATABASE_URL"; exec sleep 60']

test('the exit code is passed on', async () => {
  const services = start('services.mjs', ['--', 'bash', '-c', 'exit 7'])
  expect(await services.ended).toBe(7)
  expect(services.left()).toEqual([])
})

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s ends command and servers', async (signal) => {
  const services = start('services.mjs', ['--', ...tellAndWait])
  await expect.poll(() => services.out.stdout, { timeout: 20_000 }).toContain('\n')
  const addresses = services.out.stdout.trim().split(' ')
  expect(await Promise.all(addresses.map(isOpen))).toEqual([true, true])
  services.child.kill(signal)
  expect(await services.ended).toBe({ SIGTERM: 143, SIGINT: 130, SIGHUP: 129 }[signal])
  expect(await Promise.all(addresses.map(isOpen))).toEqual([false, false])
  expect(services.left()).toEqual([])
})

test('an address that is given is passed on, and nothing is started for it', async () => {
  const given = { REDIS_URL: 'redis://somewhere', DATABASE_URL: 'postgres://somewhere' }
  const services = start('services.mjs', ['--', 'bash', '-c', 'echo "$REDIS_URL $DATABASE_URL"'], given)
  expect(await services.ended).toBe(0)
  expect(services.out.stdout).toBe('redis://somewhere postgres://somewhere\n')
  const check = start('services.mjs', ['--check'], given)
  expect(await check.ended).toBe(0)
  expect(check.out.stdout).toMatch(/^redis: REDIS_URL is set.*\npostgres: DATABASE_URL is set/)
})

test('a command that is not there, and no command at all, are told', async () => {
  const given = { REDIS_URL: 'redis://x', DATABASE_URL: 'postgres://x' }
  const missing = start('services.mjs', ['--', 'no-such-command'], given)
  expect(await missing.ended).toBe(127)
  expect(missing.out.stderr).toContain('no-such-command')
  expect(await start('services.mjs', ['--']).ended).toBe(2)
})

test('quiet says nothing about what succeeds, and everything about what fails', async () => {
  const script = 'echo out; echo err >&2; exit $CODE'
  const good = start('quiet.mjs', ['bash', '-c', script], { CODE: '0' })
  expect([await good.ended, good.out]).toEqual([0, { stdout: '', stderr: '' }])
  const bad = start('quiet.mjs', ['bash', '-c', script], { CODE: '3' })
  expect([await bad.ended, bad.out]).toEqual([3, { stdout: '', stderr: 'out\nerr\n' }])
})
