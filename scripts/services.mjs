#!/usr/bin/env node
/**
 * Runs a command with a Redis and a PostgreSQL of its own beside it: `scripts/services -- npx vitest run`. The command finds
 * them in REDIS_URL and DATABASE_URL. A variable that is already set wins: that server is then not started. They are
 * stopped when the command ends, however it ends, and its exit code is passed on. `--check` says what would be used.
 */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer } from './private-servers.mjs'
import { find, findOrInstall, programs, versionOf } from './programs.mjs'

const variables = { redis: 'REDIS_URL', postgres: 'DATABASE_URL' }
/** Programs that tests run themselves. */
const clients = Object.keys(programs).filter((name) => variables[name] === undefined)
const usage = `Usage: scripts/services -- command [argument…]   run it with REDIS_URL and DATABASE_URL set
       scripts/services --check                  say what is found on this machine`

const wanted = () => Object.keys(variables).filter((name) => !process.env[variables[name]])

function check() {
  const lines = Object.keys(programs).map((name) => {
    const variable = variables[name]
    if (variable && process.env[variable]) return [true, `${name}: ${variable} is set, nothing is started`]
    const folder = find(name)
    if (folder === undefined) return [false, `${name}: not found (Debian's package ${programs[name].debianPackage})`]
    return [true, `${name}: ${folder}, ${versionOf(name, folder)}`]
  })
  for (const [, line] of lines) console.log(line)
  return lines.every(([isThere]) => isThere) ? 0 : 1
}

/** Signals that come before there is a command to pass them to end the start. */
const interrupted = new AbortController()
let command

function onSignal(signal) {
  if (command === undefined) interrupted.abort(exitCodeOf(signal))
  // A terminal has already sent Ctrl-C to the command too.
  else if (signal !== 'SIGINT' || !process.stdin.isTTY) command.kill(signal)
}

const exitCodeOf = (signal) => 128 + constants.signals[signal]

async function withServices(words) {
  const names = wanted()
  const bins = findOrInstall(names, { wished: clients })
  const home = mkdtempSync(join(tmpdir(), 'postern-services-'))
  chmodSync(home, 0o755)
  const starts = await Promise.allSettled(names.map((name) => startServer(name, { bin: bins[name], home })))
  const servers = starts.filter(({ status }) => status === 'fulfilled').map(({ value }) => value)
  try {
    const failed = starts.find(({ status }) => status === 'rejected')
    if (failed) throw failed.reason
    if (interrupted.signal.aborted) return interrupted.signal.reason
    return await run(words, Object.fromEntries(servers.map(({ variable, url }) => [variable, url])))
  } finally {
    await Promise.allSettled(servers.map((server) => server.stop()))
    rmSync(home, { recursive: true, force: true })
  }
}

function run([program, ...words], addresses) {
  return new Promise((resolve) => {
    command = spawn(program, words, { stdio: 'inherit', env: { ...process.env, ...addresses } })
    command.once('error', (error) => {
      console.error(`services: ${program}: ${error.message}`)
      resolve(127)
    })
    command.once('exit', (code, signal) => resolve(code ?? exitCodeOf(signal)))
  })
}

const [first, ...rest] = process.argv.slice(2)
if (first === '--check' && rest.length === 0) {
  process.exitCode = check()
} else if (first !== '--' || rest.length === 0) {
  console.error(usage)
  process.exitCode = 2
} else {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal)
  try {
    process.exitCode = await withServices(rest)
  } catch (error) {
    console.error(`services: ${error.message}`)
    process.exitCode = 1
  }
}
