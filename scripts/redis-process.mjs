/**
 * A redis-server for one test, on a port that it keeps: to be killed, started again, paused, and asked. Nothing of it is left when
 * it was ended. Words are redis-server's own: `--requirepass`, `secret`, or the whole of it where they begin with the name of a file.
 */
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export async function startRedis(...words) {
  const at = words.indexOf('--port')
  const redis = new RedisProcess(at < 0 ? await freePort() : Number(words[at + 1]), words)
  try {
    await redis.start()
  } catch (error) {
    await redis.end()
    throw error
  }
  return redis
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

class RedisProcess {
  folder = mkdtempSync(join(tmpdir(), 'postern-redis-'))
  #words
  #child

  constructor(port, words) {
    this.port = port
    this.#words = words
  }

  async start() {
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', '']
    const words = this.#words[0]?.startsWith('--') === false ? this.#words : [...own, ...this.#words]
    const child = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    await new Promise((resolve, reject) => {
      let said = ''
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`redis-server ended:\n${said}`)))
      child.stdout.on('data', (text) => {
        said = (said + text).slice(-4_000)
        if (/Ready to accept connections|\+monitor master/.test(said)) resolve()
      })
    })
  }

  async kill() {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  pause() {
    this.#child.kill('SIGSTOP')
  }

  resume() {
    this.#child.kill('SIGCONT')
  }

  /** What redis-cli prints of the answer. */
  async ask(...words) {
    const { stdout } = await promisify(execFile)('redis-cli', ['-p', String(this.port), ...words.map(String)])
    return stdout.trimEnd()
  }

  async end() {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
