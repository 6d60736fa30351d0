// The two that are compared, each in processes of its own on a folder of its own, with the same certificate: Postern's
// gateway, and Dovecot from Debian with sdbox and otherwise as it comes. A server here is its port, a login, the seconds of
// CPU it has used, and a way to end it.

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openStore } from '@postern/mailbox-store'
import { cpuSeconds } from './processes.mjs'
import { RawClient } from './raw-client.mjs'

const gateway = fileURLToPath(new URL('../../gateway/bin/postern.js', import.meta.url))
const dovecot = '/usr/sbin/dovecot'
const startWithinMs = 15_000

/** P-256, as Postern's own certificate has it. */
export function makeCertificate(folder) {
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', [...words, ...name, '-keyout', files.key, '-out', files.cert], { stdio: 'pipe' })
  return files
}

/**
 * `inboxes` says how many there are beside the first one, all of them with its password; `nodeOptions` go before the program;
 * `settings` are the environment's, over those that are measured with.
 */
export async function startPostern(folder, { cert, key, profileTo, inboxes = 0, nodeOptions = [], settings = {} }) {
  const [port, dataFolder] = [await freePort(), join(folder, 'postern')]
  const env = {
    ...{ PATH: process.env.PATH, POSTERN_DATA_DIR: dataFolder, POSTERN_BIND: '127.0.0.1' },
    ...{ POSTERN_IMAPS_PORT: String(port), POSTERN_HTTP_PORT: '0', POSTERN_LOG_LEVEL: 'warn' },
    ...{ POSTERN_SUBMISSIONS_PORT: '0', POSTERN_SUBMISSION_PORT: '0', POSTERN_MX_PORT: '0', POSTERN_LMTP_PORT: '0' },
    ...{ POSTERN_TLS_CERT: cert, POSTERN_TLS_KEY: key, POSTERN_CONNECTIONS_PER_ADDRESS_MAX: '10000' },
    ...settings,
  }
  const profiled = profileTo === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileTo}`]
  const run = () => started([...nodeOptions, ...profiled, gateway, 'start', '--json'], env)
  let { child, said } = await run()
  const { inbox: user, password } = said.firstStart
  const users = await makeInboxes(dataFolder, inboxes)
  return {
    ...{ name: 'Postern', port, user, password, users },
    get pid() {
      return child.pid
    },
    cpuSeconds: () => cpuSeconds(child.pid),
    stop: () => stop(child),
    /** The same data in a new process. */
    async restart() {
      await stop(child)
      child = (await run()).child
    },
  }
}

async function started(words, env) {
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more) => {
    text += more
  })
  const line = () => text.split('\n').find((one) => one.includes('"dataFolder"'))
  for (let waited = 0; line() === undefined || !text.endsWith('\n'); waited += 20) {
    if (child.exitCode !== null || waited > startWithinMs) throw new Error(`Postern did not start:\n${text}`)
    await sleep(20)
  }
  return { child, said: JSON.parse(line()) }
}

/** Beside the running gateway, as another process on the same folder; the first password is made to open all of them. */
async function makeInboxes(folder, count) {
  if (count === 0) return []
  const store = await openStore({ folder })
  try {
    const { directory } = store
    const [domain] = (await directory.listDomains()).items
    const password = (await directory.listCredentials()).items.find(({ kind }) => kind === 'app')
    await directory.updateCredential(password.id, { grants: ['*'] })
    const addresses = Array.from({ length: count }, (_, i) => `inbox${i}@${domain.name}`)
    for (const address of addresses) await directory.createInbox({ domain: domain.id, address })
    return addresses
  } finally {
    await store.close()
  }
}

/** A sentence that says why it can't be measured here, or undefined. Installs the package where it may. */
export function whyNoDovecot() {
  if (process.getuid?.() !== 0) return 'Dovecot is left out: its own user ids need root. Run this as root to compare.'
  if (existsSync(dovecot)) return undefined
  if (!existsSync('/usr/bin/apt-get')) return 'Dovecot is left out: it is not on this machine (Debian: dovecot-imapd).'
  // With run level 1 the package's own server is not started.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  for (const words of [['update'], ['install', '-y', '--no-install-recommends', 'dovecot-imapd']])
    spawnSync('apt-get', ['-qq', ...words], { env, stdio: 'ignore' })
  return existsSync(dovecot) ? undefined : 'Dovecot is left out: apt-get install dovecot-imapd did not work.'
}

/** `extraConfig` goes behind the configuration that is measured. */
export async function startDovecot(folder, { cert, key, inboxes = 0, extraConfig = '' }) {
  const home = join(folder, 'dovecot')
  mkdirSync(join(home, 'mail'), { recursive: true })
  chmodSync(home, 0o755)
  const idOf = (what) => Number(execFileSync('id', [what, 'nobody'], { encoding: 'utf8' }))
  const [uid, gid] = [idOf('-u'), idOf('-g')]
  chownSync(join(home, 'mail'), uid, gid)
  const port = await freePort()
  const [user, password] = ['me@example.test', 'secret']
  const config = join(home, 'dovecot.conf')
  writeFileSync(config, dovecotConfig({ home, port, cert, key, password, uid, gid }) + extraConfig)
  const child = spawn(dovecot, ['-F', '-c', config], { stdio: ['ignore', 'inherit', 'inherit'] })
  // Whatever the name, the password opens it.
  const users = Array.from({ length: inboxes }, (_, i) => `inbox${i}@example.test`)
  const server = { name: 'Dovecot', port, user, password, users }
  for (let waited = 0; ; waited += 50) {
    const client = await RawClient.loggedIn(server).catch(() => undefined)
    client?.end()
    if (client !== undefined) break
    if (child.exitCode !== null || waited > startWithinMs)
      throw new Error(
        `Dovecot did not start:\n${existsSync(join(home, 'log')) ? readFileSync(join(home, 'log'), 'utf8') : ''}`,
      )
    await sleep(50)
  }
  return { ...server, cpuSeconds: () => cpuSeconds(child.pid), stop: () => stop(child) }
}

const dovecotConfig = ({ home, port, cert, key, password, uid, gid }) => `
protocols = imap
base_dir = ${home}/run
state_dir = ${home}/state
log_path = ${home}/log
listen = 127.0.0.1
ssl = required
ssl_cert = <${cert}
ssl_key = <${key}
ssl_min_protocol = TLSv1.3
mail_location = sdbox:${home}/mail/%u
mail_max_userip_connections = 200
first_valid_uid = 1
first_valid_gid = 1
namespace inbox {
  inbox = yes
  separator = /
}
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${home}/mail/%u
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = ${port}
    ssl = yes
  }
}
`

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await Promise.race([ended, sleep(8_000, undefined, { ref: false })])
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
}
