/**
 * A Postfix of its own for tests and measurements: as smart host and as MX, in a temporary folder, on free ports of loopback,
 * and gone afterwards. It is Debian's program with its own durable defaults: what it answers with 250 is flushed to its queue
 * first. It has to be started as root, as Postfix itself has.
 */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { find, programs } from './programs.mjs'

const readyWithinMs = 20_000
const portTriesMax = 3

/**
 * Options, all of them optional:
 * - `hostname`, and `domains` whose mail it keeps; `users`, the local parts that exist there (all, if left out)
 * - `certificate` {cert, key} as PEM: STARTTLS on `mx` and `submission`, and the `submissions` port
 * - `login` {user, secret}: `submission` and `submissions` want it before they relay, over TLS; checked by this process, in the way of a Dovecot
 * - `keeps: 'maildir' | 'sink'`: messages can be read with `messages`, or are thrown away after the queue
 * - `greylists`: a recipient's first try is answered with 450
 * - `settings`: lines of main.cf that go before all others; `host`: where it listens, 127.0.0.1 unless told
 * Resolves with {ports: {mx, submission, submissions}, host, pid, queue, messages(address), log(), stop()} when it answers.
 */
export async function startPostfix(options = {}) {
  const bin = programsOrThrow()
  for (let tries = 1; ; tries++) {
    const postfix = await launch(
      { hostname: 'mx.example.test', domains: ['example.org'], keeps: 'maildir', host: '127.0.0.1', ...options },
      bin,
    )
    try {
      await untilReady(postfix)
      return postfix
    } catch (error) {
      const said = postfix.log().slice(-4_000)
      await postfix.stop()
      // Another program may have taken a port in between.
      const isTaken = said.includes('Address already in use')
      if (!isTaken || tries === portTriesMax) throw new Error(`Postfix did not start: ${error.message}\n${said}`)
    }
  }
}

function programsOrThrow() {
  if (process.getuid?.() !== 0) throw new Error('Postfix has to be started as root.')
  const bin = find('postfix')
  const { debianPackage } = programs.postfix
  if (bin === undefined) throw new Error(`Postfix is not on this machine (Debian: apt-get install ${debianPackage}).`)
  return bin
}

async function launch(options, bin) {
  const home = mkdtempSync(join(tmpdir(), 'postern-postfix-'))
  const folders = { home, config: join(home, 'config'), queue: join(home, 'queue'), data: join(home, 'data') }
  chmodSync(home, 0o755)
  const ids = (user) => ['-u', '-g'].map((what) => Number(execFileSync('id', [what, user], { encoding: 'utf8' })))
  for (const folder of [folders.config, folders.queue]) mkdirSync(folder, { mode: 0o755 })
  for (const [name, user] of Object.entries({ data: 'postfix', mail: 'nobody' })) {
    mkdirSync(join(home, name), { mode: 0o700 })
    chownSync(join(home, name), ...ids(user))
  }
  const greylist = options.greylists ? await startGreylist() : undefined
  const logins = options.login ? await startLogins(options.login) : undefined
  const [mx, submission, submissions] = await freePorts(3)
  const ports = { mx, submission, submissions }
  writeConfig({ options, folders, ports, greylist, logins, nobody: ids('nobody') })
  const postfix = join(bin, 'postfix')
  execFileSync(postfix, ['-c', folders.config, 'check'], { stdio: 'pipe' })
  const daemons = execFileSync(join(bin, 'postconf'), ['-h', 'daemon_directory'], { encoding: 'utf8' }).trim()
  const env = { PATH: process.env.PATH, MAIL_CONFIG: folders.config, TZ: 'UTC', LC_ALL: 'C' }
  const master = spawn(join(daemons, 'master'), ['-s', '-c', folders.config], { env, detached: true, stdio: 'ignore' })
  const ended = new Promise((resolve) => {
    master.once('error', resolve)
    master.once('exit', resolve)
  })
  const isRunning = () => master.exitCode === null && master.signalCode === null
  const endWatch = watchOver(master.pid, home)
  const log = () => readIfThere(join(home, 'mail.log'))
  return {
    ports,
    host: options.host,
    pid: master.pid,
    queue: folders.queue,
    log,
    isRunning,
    /** What has come for an address, in no order. */
    messages: (address) =>
      readMaildir(join(home, 'mail', 'all')).filter((text) => text.includes(`\nDelivered-To: ${address}\n`)),
    async stop() {
      endWatch()
      // Its services are in its process group, and there's nothing in them to be finished.
      if (master.pid !== undefined && isRunning()) process.kill(-master.pid, 'SIGKILL')
      await ended
      greylist?.close()
      logins?.close()
      rmSync(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** However this process ends, a shell that waits for the end of its input then ends Postfix and takes its folder away. */
function watchOver(pid, home) {
  const words = ['-c', 'cat >/dev/null; kill -KILL "-$0"; sleep 1; rm -rf -- "$1"', String(pid), home]
  const watch = spawn('/bin/sh', words, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  watch.unref()
  watch.stdin.unref()
  return () => {
    if (watch.pid !== undefined) process.kill(-watch.pid, 'SIGKILL')
  }
}

function writeConfig({ options, folders, ports, greylist, logins, nobody }) {
  const { hostname, domains, users, certificate, login, keeps, host } = options
  const key = join(folders.config, 'tls.pem')
  if (certificate) writeFileSync(key, certificate.key + certificate.cert, { mode: 0o600 })
  // Logged-in clients may relay; everyone else reaches the domains that it keeps mail for.
  const relaying = `${login ? 'permit_sasl_authenticated' : 'permit_mynetworks'}, reject_unauth_destination`
  const greylisting = greylist ? [`check_policy_service inet:127.0.0.1:${greylist.address().port}`] : []
  const main = {
    compatibility_level: '3.6',
    queue_directory: folders.queue,
    data_directory: folders.data,
    maillog_file: join(folders.home, 'mail.log'),
    maillog_file_prefixes: folders.home,
    myhostname: hostname,
    mydestination: '',
    mynetworks: '127.0.0.0/8',
    inet_protocols: 'ipv4',
    alias_maps: '',
    local_recipient_maps: '',
    virtual_mailbox_domains: domains.join(' '),
    virtual_mailbox_base: join(folders.home, 'mail'),
    virtual_mailbox_maps: `regexp:${join(folders.config, 'accounts')}`,
    virtual_uid_maps: `static:${nobody[0]}`,
    virtual_gid_maps: `static:${nobody[1]}`,
    ...(keeps === 'sink' ? { virtual_transport: 'discard', default_transport: 'discard' } : {}),
    smtpd_relay_restrictions: relaying,
    smtpd_recipient_restrictions: ['reject_unlisted_recipient', ...greylisting].join(', '),
    smtpd_client_connection_count_limit: '0',
    smtpd_tls_security_level: certificate ? 'may' : 'none',
    smtpd_tls_chain_files: certificate ? key : '',
    smtpd_tls_session_cache_database: '',
    ...(logins ? { smtpd_sasl_type: 'dovecot', smtpd_sasl_path: `inet:127.0.0.1:${logins.address().port}` } : {}),
    smtpd_tls_auth_only: 'yes',
    // A mistake gets its answer at once.
    smtpd_error_sleep_time: '0',
    ...options.settings,
  }
  const submission = `-o smtpd_tls_security_level=${certificate ? 'encrypt' : 'none'}${login ? ' -o smtpd_sasl_auth_enable=yes' : ''}`
  const master = [
    `${host}:${ports.mx} inet n - n - - smtpd`,
    `${host}:${ports.submission} inet n - n - - smtpd ${submission}`,
    ...(certificate
      ? [`${host}:${ports.submissions} inet n - n - - smtpd ${submission} -o smtpd_tls_wrappermode=yes`]
      : []),
    ...['cleanup unix n - n - 0 cleanup', 'qmgr unix n - n 300 1 qmgr', 'rewrite unix - - n - - trivial-rewrite'],
    ...['bounce', 'defer', 'trace'].map((name) => `${name} unix - - n - 0 bounce`),
    ...['proxymap', 'anvil', 'scache', 'tlsmgr'].map((name) => `${name} unix - - n - 1 ${name}`),
    ...['smtp', 'lmtp', 'error', 'discard', 'showq'].map((name) => `${name} unix - - n - - ${name}`),
    ...[
      'virtual unix - n n - - virtual',
      'local unix - n n - - local',
      'retry unix - - n - - error',
      'postlog unix-dgram n - n - 1 postlogd',
    ],
  ]
  writeFileSync(
    join(folders.config, 'main.cf'),
    lines(Object.entries(main).map(([name, value]) => `${name} = ${value}`)),
  )
  writeFileSync(join(folders.config, 'master.cf'), lines(master))
  const place = (domain) => `@${domain.replaceAll('.', '\\.')}$/ all/`
  const accounts = domains.flatMap((domain) => (users ?? ['.+']).map((user) => `/^${user}${place(domain)}`))
  writeFileSync(join(folders.config, 'accounts'), lines(accounts))
}

const lines = (items) => `${items.join('\n')}\n`

/**
 * What Postfix asks about logins, in Dovecot's protocol of authentication: the server tells its mechanisms, the client sends
 * AUTH with a number and an initial response, and for LOGIN goes on with CONT.
 */
function startLogins(login) {
  const hello = [
    'VERSION\t1\t1',
    'MECH\tPLAIN\tplaintext',
    'MECH\tLOGIN\tplaintext',
    'SPID\t1',
    'CUID\t1',
    'COOKIE\t1',
    'DONE',
  ]
  return listening((socket) => {
    const names = new Map()
    const settle = (id, [user, secret]) => {
      const isRight = user === login.user && secret === login.secret
      socket.write(isRight ? `OK\t${id}\tuser=${user}\n` : `FAIL\t${id}\tuser=${user}\n`)
    }
    socket.write(lines(hello))
    onLines(socket, '\n', (line) => {
      const [verb, id, word, ...more] = line.split('\t')
      const response = verb === 'CONT' ? word : more.find((one) => one.startsWith('resp='))?.slice(5)
      const text = response === undefined ? undefined : Buffer.from(response, 'base64').toString()
      if (verb === 'AUTH' && word === 'PLAIN' && text) settle(id, text.split('\0').slice(1))
      else if (verb === 'AUTH' && text === undefined)
        socket.write(`CONT\t${id}\t${word === 'LOGIN' ? 'VXNlcm5hbWU6' : ''}\n`)
      else if (verb === 'CONT' && text.includes('\0')) settle(id, text.split('\0').slice(1))
      else if (verb === 'CONT' && names.has(id)) settle(id, [names.get(id), text])
      else if (verb === 'CONT' || verb === 'AUTH') {
        names.set(id, text)
        socket.write(`CONT\t${id}\tUGFzc3dvcmQ6\n`)
      }
    })
  })
}

/** Postfix's policy protocol: attributes as lines, an empty line, then the answer. */
function startGreylist() {
  const seen = new Set()
  return listening((socket) =>
    onLines(socket, '\n\n', (question) => {
      const recipient = /^recipient=(.*)$/m.exec(question)?.[1]
      socket.write(`action=${seen.has(recipient) ? 'dunno' : '450 4.2.0 Greylisted, come back later'}\n\n`)
      seen.add(recipient)
    }),
  )
}

async function listening(onSocket) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.unref()
    onSocket(socket)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server.unref()
}

function onLines(socket, mark, take) {
  let input = ''
  socket.on('data', (chunk) => {
    input += chunk
    for (let end = input.indexOf(mark); end >= 0; end = input.indexOf(mark)) {
      const line = input.slice(0, end)
      input = input.slice(end + mark.length)
      take(line)
    }
  })
}

async function untilReady(postfix) {
  const deadline = Date.now() + readyWithinMs
  while (Date.now() < deadline) {
    if (!postfix.isRunning()) throw new Error('it ended')
    if (await greets(postfix.ports.mx, postfix.host)) return
    await sleep(25)
  }
  throw new Error(`it gave no greeting within ${readyWithinMs} ms`)
}

function greets(port, host) {
  return new Promise((resolve) => {
    const socket = connect({ port, host, timeout: 2_000 })
    const finish = (isReady) => {
      resolve(isReady)
      socket.destroy()
    }
    socket.once('data', (bytes) => finish(bytes.toString('latin1').startsWith('220')))
    for (const event of ['error', 'timeout', 'close']) socket.once(event, () => finish(false))
  })
}

function readMaildir(folder) {
  try {
    const files = readdirSync(join(folder, 'new'))
    return files.map((name) => readFileSync(join(folder, 'new', name), 'latin1'))
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map((server) => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
