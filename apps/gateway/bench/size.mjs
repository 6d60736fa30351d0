// How large a machine has to be: the memory of a gateway at its start, of a thousand clients in IDLE, and behind a search; the disk
// that messages and their search index take. `npm run bench:size`, of 20,000 messages of 4 KB unless a number follows.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { openStore } from '@postern/mailbox-store'
import { makeCorpus } from './smtp/others.mjs'

const count = Number(process.argv[2] ?? 20_000)
const messageBytes = 4_096
const clients = 1_000
const bin = fileURLToPath(new URL('../bin/postern.js', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'postern-bench-size-'))
const dataDir = join(home, 'data')
const free = ['HTTP', 'IMAPS', 'SUBMISSIONS', 'SUBMISSION', 'MX', 'LMTP'].map((door) => [`POSTERN_${door}_PORT`, '0'])
const env = {
  ...{ PATH: process.env.PATH, POSTERN_DATA_DIR: dataDir, POSTERN_LOG_LEVEL: 'silent', ...Object.fromEntries(free) },
  ...{ POSTERN_IMAP_SESSIONS_PER_INBOX_MAX: '2000', POSTERN_CONNECTIONS_PER_ADDRESS_MAX: '2000' },
}

const mb = (bytes) => `${(bytes / 1_048_576).toFixed(1)} MB`
const row = (what, value) => console.log(`${what.padEnd(52)} ${value}`)

async function fill() {
  const store = await openStore({ folder: dataDir })
  const [inbox] = (await store.directory.listInboxes()).items
  const account = store.account(inbox.id)
  const archive = await account.mailbox('Archive')
  const corpus = makeCorpus()
  for (let i = 0; i < count; i++) await account.append(archive.id, [{ message: corpus(i, { size: messageBytes }) }])
  await store.close()
}

const bytesOf = (name) =>
  readdirSync(dataDir)
    .filter((file) => file.startsWith(name))
    .reduce((sum, file) => sum + statSync(join(dataDir, file)).size, 0)

/** When the index has stopped growing for some seconds. */
async function indexed() {
  for (let before = -1, now = 0, still = 0; still < 3; before = now) {
    await sleep(3_000)
    now = bytesOf('search.sqlite')
    still = now === before ? still + 1 : 0
  }
}

async function client({ port, user, secret }) {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  socket.setEncoding('latin1').on('error', () => undefined)
  let text = ''
  socket.on('data', (piece) => {
    text += piece
  })
  const heard = async (words) => {
    while (!text.includes(words)) await once(socket, 'data')
    text = ''
  }
  await heard('* OK')
  socket.write(`a LOGIN ${user} ${secret}\r\n`)
  await heard('a OK')
  const say = async (line, words) => {
    socket.write(`${line}\r\n`)
    await heard(words)
  }
  return { socket, say }
}

async function started() {
  const child = spawn(process.execPath, [bin, 'start', '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface(child.stdout), 'line')
  const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1_024
  const stop = async () => {
    child.kill('SIGTERM')
    await once(child, 'close')
  }
  return { said: JSON.parse(line), resident, stop }
}

try {
  const first = await started()
  const { inbox: user, password: secret } = first.said.firstStart
  await first.stop()
  await fill()
  row(`disk, ${count} messages of ${mb(count * messageBytes)} in all`, mb(bytesOf('postern.sqlite')))

  const { said, resident, stop } = await started()
  await indexed()
  row('disk, their search index', mb(bytesOf('search.sqlite')))
  row('memory, at rest', mb(resident()))
  const open = []
  for (let i = 0; i < clients; i++) {
    const one = await client({ port: said.imap.port, user, secret })
    await one.say('b SELECT INBOX', 'b OK')
    await one.say('c IDLE', '+ ')
    open.push(one)
  }
  row(`memory, ${clients} clients in IDLE`, mb(resident()))
  const searcher = await client({ port: said.imap.port, user, secret })
  await searcher.say('b SELECT Archive', 'b OK')
  await searcher.say('c SEARCH TEXT lunch', 'c OK')
  row('memory, behind a search of all text', mb(resident()))
  for (const { socket } of [...open, searcher]) socket.destroy()
  await stop()
} finally {
  rmSync(home, { recursive: true, force: true })
}
