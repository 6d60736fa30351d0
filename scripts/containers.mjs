#!/usr/bin/env node
/**
 * Builds the image and plays both compose files through, as somebody would who has just read the README: up, the password from the log, a mail
 * client, a command inside, kill -9, stop, up again. It takes the ports of mail (25, 465, 587, 993) of this machine and an engine that
 * `docker compose` or `docker-compose` speaks to (Docker, or Podman's service by DOCKER_HOST), so it's no part of the tests.
 * `npm run containers`; NODE_IMAGE names another base image, `-- --no-build` takes the image that's there. What was made goes at the end.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'

const root = fileURLToPath(new URL('..', import.meta.url))
const isBuilding = !process.argv.includes('--no-build')
const user = 'me@example.test'

const compose = spawnSync('docker', ['compose', 'version']).status === 0 ? ['docker', 'compose'] : ['docker-compose']

function run(words, { isLoud = false } = {}) {
  const [program, ...rest] = words
  return execFileSync(program, rest, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', isLoud ? 'inherit' : 'pipe'],
  })
}

async function until(what, check, { seconds = 60 } = {}) {
  for (let i = 0; i < seconds * 4; i++) {
    const found = await Promise.resolve()
      .then(check)
      .catch(() => undefined)
    if (found) return found
    await sleep(250)
  }
  throw new Error(`${what}: not within ${seconds} seconds`)
}

function assert(isSo, what) {
  if (!isSo) throw new Error(what)
  console.log(`  ${what}`)
}

/** One compose file: what its commands are, and which of its services stands for the whole. */
class Stack {
  constructor(file, service) {
    this.file = file
    this.service = service
  }

  say(...words) {
    return run([...compose, '-f', `config/${this.file}`, ...words])
  }

  inside(...words) {
    return this.say('exec', '-T', this.service, ...words)
  }

  get isReady() {
    return this.inside('node', '/app/scripts/healthy.mjs').includes('ok')
  }

  up() {
    this.say('up', '-d', '--no-build')
    return until('ready', () => this.isReady)
  }

  /** Of the first start, by whichever of the services made it. */
  password() {
    return until('the password', () => /Password\s+(ps_app_\w+)/.exec(this.say('logs', '--no-color'))?.[1])
  }
}

async function client(stack, pass) {
  const ca = stack.inside('cat', '/data/tls/ca.pem')
  const imap = new ImapFlow({
    ...{ host: 'localhost', port: 993, secure: true, logger: false, tls: { ca }, auth: { user, pass } },
  })
  imap.on('error', () => undefined)
  await imap.connect()
  const smtp = (port, secure) =>
    createTransport({ host: 'localhost', port, secure, requireTLS: !secure, auth: { user, pass }, tls: { ca } })
  return { imap, smtp }
}

/** How many messages the mailbox has. */
const count = async (imap, mailbox) => (await imap.status(mailbox, { messages: true })).messages

async function mailGoesRound(stack, pass) {
  const { imap, smtp } = await client(stack, pass)
  const told = new Promise((resolve) => imap.once('exists', resolve))
  await imap.mailboxOpen('INBOX')
  const idling = imap.idle()
  for (const [port, secure] of [
    [465, true],
    [587, false],
  ])
    await smtp(port, secure).sendMail({ from: user, to: user, subject: `by ${port}`, text: 'hello' })
  await told
  await createTransport({ host: 'localhost', port: 25, tls: { rejectUnauthorized: false } }).sendMail({
    ...{ from: 'carol@elsewhere.test', to: user, subject: 'by 25', text: 'hello' },
  })
  await until('three messages in INBOX', async () => (await count(imap, 'INBOX')) === 3)
  assert(
    (await count(imap, 'Sent')) === 2,
    'mail by 465, 587 and 25 is in INBOX, IDLE heard of it, and two copies are in Sent',
  )
  await imap.logout()
  await idling.catch(() => undefined)
}

async function nothingIsLost(stack, pass) {
  const { imap } = await client(stack, pass)
  assert((await count(imap, 'INBOX')) === 3, 'and the mail is there')
  await imap.logout()
}

async function play(stack) {
  console.log(`── ${stack.file}`)
  run([...compose, '-f', `config/${stack.file}`, 'config', '-q'])
  await stack.up()
  const pass = await stack.password()
  assert(stack.inside('id', '-u').trim() !== '0', 'who runs it is nobody')
  assert(stack.inside('sh', '-c', 'touch /nothing 2>&1 || true').includes('Read-only'), 'its root is read-only')
  assert(!/gcc|g\+\+|make/.test(stack.inside('sh', '-c', 'command -v gcc g++ make || true')), 'it has no compiler')
  await mailGoesRound(stack, pass)
  assert(
    stack.inside('postern', 'inbox', 'create', 'alice@example.test').includes('Password'),
    'a command inside makes an inbox',
  )

  stack.say('kill', '-s', 'SIGKILL')
  await stack.up()
  assert(stack.isReady, 'after kill -9 it starts again')
  await nothingIsLost(stack, pass)

  const { imap } = await client(stack, pass)
  const gone = new Promise((resolve) => imap.once('close', resolve))
  await imap.mailboxOpen('INBOX')
  const startMs = performance.now()
  stack.say('stop')
  await gone
  const codes = stack
    .say('ps', '-a', '-q')
    .trim()
    .split('\n')
    .map((id) => run(['docker', 'inspect', '-f', '{{.State.ExitCode}}', id]).trim())
  assert(
    codes.every((code) => code === '0'),
    `a stop takes ${((performance.now() - startMs) / 1_000).toFixed(1)} s, exit codes ${codes}`,
  )
  await stack.up()
  await nothingIsLost(stack, pass)
}

if (isBuilding) {
  const base = process.env.NODE_IMAGE ? ['--build-arg', `NODE_IMAGE=${process.env.NODE_IMAGE}`] : []
  run(['docker', 'build', ...base, '-f', 'config/Dockerfile', '-t', 'postern', '.'], { isLoud: true })
}
for (const stack of [new Stack('compose.yaml', 'postern'), new Stack('compose.redis.yaml', 'imap')])
  try {
    await play(stack)
  } finally {
    stack.say('down', '-v', '-t', '0')
  }
