/**
 * Servers for one test run: in a temporary folder, on a free port, on loopback only, with every flush to disk turned off,
 * and gone afterwards. They run in a session of their own, so that Ctrl-C ends the tests first and the servers after them.
 */
import { execFileSync, spawn } from 'node:child_process'
import { chownSync, mkdirSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const readyWithinMs = 30_000
const stopWithinMs = 5_000
const portTriesMax = 3

/** How each server is prepared, started and greeted. `folder` is its own, `bin` holds its programs. */
const recipes = {
  redis: {
    variable: 'REDIS_URL',
    url: (port) => `redis://127.0.0.1:${port}`,
    prepare() {},
    command: ({ bin, folder, port }) => [
      join(bin, 'redis-server'),
      ...['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'],
    ],
    stopSignal: 'SIGTERM',
    hello: Buffer.from('PING\r\n'),
    isReady: (answer) => answer.startsWith('+PONG'),
  },
  postgres: {
    variable: 'DATABASE_URL',
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    prepare({ bin, folder, asUser }) {
      const options = ['-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
      execFileSync(join(bin, 'initdb'), ['-D', join(folder, 'data'), ...options], { ...asUser, stdio: 'pipe' })
    },
    command: ({ bin, folder, port }) => [
      join(bin, 'postgres'),
      ...['-D', join(folder, 'data'), '-p', port, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
      ...['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off', '-c', 'max_connections=100'],
    ],
    /** "Immediate": nothing in it is worth a checkpoint. */
    stopSignal: 'SIGQUIT',
    hello: startupPacket({ user: 'postgres', database: 'postgres' }),
    /** R: authentication; an E here says that it is still starting up. */
    isReady: (answer) => answer.startsWith('R'),
  },
}

/** Starts the server and resolves when it answers: the variable its address goes into, the address, and `stop`. */
export async function startServer(name, { bin, home }) {
  const recipe = recipes[name]
  const folder = join(home, name)
  mkdirSync(folder, { mode: 0o700 })
  const user = unprivilegedUser()
  if (user) chownSync(folder, user.uid, user.gid)
  const asUser = { ...user, cwd: folder, env: { PATH: process.env.PATH, HOME: folder, TZ: 'UTC', LC_ALL: 'C' } }
  recipe.prepare({ bin, folder, asUser })
  for (let tries = 1; ; tries++) {
    const port = await freePort()
    const [program, ...words] = recipe.command({ bin, folder, port: String(port) })
    const server = launch(program, words, asUser)
    try {
      await untilReady(server, { port, recipe })
      const stop = async () => {
        await end(server, recipe.stopSignal)
        rmSync(folder, { recursive: true, force: true })
      }
      return { variable: recipe.variable, url: recipe.url(port), stop }
    } catch (error) {
      await end(server, 'SIGKILL')
      // Another program may have taken the port in between.
      if (tries === portTriesMax) throw new Error(`${program} did not start: ${error.message}\n${server.said()}`)
    }
  }
}

/** PostgreSQL refuses to run as root, and Redis has no need to. */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (what) => Number(execFileSync('id', [what, name], { encoding: 'utf8', stdio: 'pipe' }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // Not a user of this machine; the next one.
    }
  }
  throw new Error(
    'There is no user "postgres" or "nobody" to run the servers as; start this as a user other than root.',
  )
}

function launch(program, words, asUser) {
  const child = spawn(program, words, { ...asUser, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const keep = (chunk) => {
    output = (output + chunk).slice(-4_000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? code}`))
  })
  return { child, ended, said: () => output }
}

async function untilReady(server, { port, recipe }) {
  let gone
  server.ended.then((why) => {
    gone = why
  })
  const deadline = Date.now() + readyWithinMs
  while (Date.now() < deadline) {
    if (gone !== undefined) throw new Error(gone)
    if (recipe.isReady(await ask(port, recipe.hello))) return
    await sleep(25)
  }
  throw new Error(`it gave no answer within ${readyWithinMs} ms`)
}

/** The first bytes of the answer, or nothing. */
function ask(port, hello) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 1_000 })
    const finish = (answer) => {
      resolve(answer)
      socket.destroy()
    }
    socket.once('connect', () => socket.write(hello))
    socket.once('data', (bytes) => finish(bytes.toString('latin1')))
    for (const event of ['error', 'timeout', 'close']) socket.once(event, () => finish(''))
  })
}

async function end({ child, ended }, signal) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  const late = sleep(stopWithinMs, 'late', { ref: false })
  if ((await Promise.race([ended, late])) === 'late') {
    process.kill(-child.pid, 'SIGKILL')
    await ended
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** The first message of PostgreSQL's protocol 3.0: length, version, then names and values, each ended by a zero byte. */
function startupPacket(parameters) {
  const text = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`)
  const body = Buffer.from(`\0\x03\0\0${text.join('')}\0`, 'latin1')
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([length, body])
}
