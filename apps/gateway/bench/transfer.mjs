// How fast mail moves in and out on the command line: an mbox of 10,000 small messages and one of 512 MiB are imported, the first is
// exported in each format and imported again, and comes over IMAP from a running Postern. Each command is a process of its own;
// its time includes its start, and its memory is the highest that the system saw. `npm run bench:transfer`.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../bin/postern.js', import.meta.url))
const smallCount = 10_000
const largeBytes = Number(process.env.BENCH_LARGE_BYTES ?? 536_870_912)
const home = mkdtempSync(join(tmpdir(), 'postern-bench-'))
const ports = {
  POSTERN_HTTP_PORT: '0',
  POSTERN_SUBMISSIONS_PORT: '0',
  POSTERN_SUBMISSION_PORT: '0',
  POSTERN_MX_PORT: '0',
  POSTERN_LMTP_PORT: '0',
}
const env = {
  PATH: process.env.PATH,
  POSTERN_DATA_DIR: join(home, 'data'),
  POSTERN_IMAPS_PORT: '0',
  POSTERN_BIND: '127.0.0.1',
  ...ports,
}

function highestRss(pid) {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

/** Of all its threads; at 100 ticks a second, as Linux has it everywhere. */
function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}

async function run(words, more = {}) {
  const started = performance.now()
  const child = spawn(process.execPath, [bin, ...words, '--json'], {
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let [said, rss, cpu] = ['', 0, 0]
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const watching = setInterval(() => {
    rss = Math.max(rss, highestRss(child.pid))
    cpu = Math.max(cpu, cpuSeconds(child.pid))
  }, 50)
  const [code] = await once(child, 'close')
  clearInterval(watching)
  if (code !== 0) throw new Error(`${words.join(' ')}: exit code ${code}\n${said}`)
  return { said: JSON.parse(said), seconds: (performance.now() - started) / 1_000, cpu, rss }
}

function message(i) {
  const head = `From: Sender ${i % 97} <s${i % 97}@example.net>\nTo: ada@example.test\nSubject: Message ${i} of many\nMessage-ID: <${i}@example.net>\nDate: Mon, 2 Nov 2026 10:00:00 +0000\nStatus: RO\n`
  return `From s@example.net Mon Nov  2 10:00:00 2026\n${head}\n${`This is line of message ${i}, as long as lines are.\n`.repeat(60)}\n`
}

async function mbox(path, isEnough) {
  const file = createWriteStream(path)
  let bytes = 0
  for (let i = 0; !isEnough(i, bytes); i++) {
    const text = message(i)
    bytes += text.length
    if (!file.write(text)) await once(file, 'drain')
  }
  await new Promise((resolve) => file.end(resolve))
}

const rows = []
function row(what, { said, seconds, cpu, rss }) {
  const count = said.imported ?? said.messages
  const mib = said.bytes / 1_048_576
  rows.push([
    what,
    String(count),
    seconds.toFixed(1),
    cpu.toFixed(1),
    String(Math.round(count / seconds)),
    (mib / seconds).toFixed(0),
    `${Math.round(rss / 1_048_576)}`,
  ])
}

async function withGateway(work) {
  const child = spawn(process.execPath, [bin, 'start', '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  while (!/"firstStart".*\n/.test(said)) await once(child.stdout, 'data')
  const { imap, firstStart } = JSON.parse(said.split('\n').find((line) => line.includes('"firstStart"')))
  try {
    return await work({ imap, firstStart })
  } finally {
    child.kill('SIGTERM')
    await once(child, 'close')
  }
}

try {
  await mbox(join(home, 'small'), (i) => i === smallCount)
  await mbox(join(home, 'large'), (_, bytes) => bytes >= largeBytes)
  const make = async (name) => {
    await run(['inbox', 'create', `${name}@example.test`])
    return `${name}@example.test`
  }
  await withGateway(async ({ imap, firstStart }) => {
    const me = firstStart.inbox
    row('import mbox', await run(['import', me, 'mbox', join(home, 'small')]))
    const words = [
      'import',
      await make('imap'),
      'imap',
      '127.0.0.1',
      '--port',
      String(imap.port),
      '--user',
      me,
      '--insecure',
      '--mailbox',
      'INBOX',
    ]
    const password = { IMPORT_PASSWORD: firstStart.password }
    row('import imap', await run(words, password))
    row('import imap, again', {
      ...(await run(words, password).then((it) => ({ ...it, said: { imported: it.said.before, bytes: 0 } }))),
    })
    for (const format of ['mbox', 'maildir', 'eml']) {
      row(`export ${format}`, await run(['export', me, format, join(home, format), '--mailbox', 'INBOX']))
      row(`import ${format} of it`, await run(['import', await make(format), format, join(home, format)]))
    }
    row('import a large mbox', await run(['import', await make('large'), 'mbox', join(home, 'large')]))
  })
  const titles = ['what', 'messages', 'seconds', 'CPU', 'messages/s', 'MiB/s', 'memory MiB']
  for (const cells of [titles, titles.map(() => '---'), ...rows]) console.log(`| ${cells.join(' | ')} |`)
} finally {
  rmSync(home, { recursive: true, force: true })
}
