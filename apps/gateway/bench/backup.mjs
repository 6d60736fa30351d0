// How long a backup, the same again, a check and a restore take, and how large they are: `npm run bench:backup`, of 10,000
// messages unless a number follows. One in fifty is a large one with a file of its own.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStore } from '@postern/mailbox-store'

const count = Number(process.argv[2] ?? 10_000)
const bin = fileURLToPath(new URL('../bin/postern.js', import.meta.url))
const place = mkdtempSync(join(tmpdir(), 'postern-bench-backup-'))
const data = join(place, 'data')
const backup = join(place, 'backup')

const mail = (n) =>
  Buffer.from(
    `From: a@example.net\r\nTo: me@example.test\r\nSubject: message ${n}\r\nMessage-ID: <${n}@example.net>\r\n\r\n${`line ${n} `.repeat(n % 50 === 0 ? 25_000 : 400)}\r\n`,
  )

async function fill() {
  const store = await openStore({ folder: data })
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const domain = await store.directory.createDomain({ environment: environment.id, name: 'example.test' })
  const inbox = await store.directory.createInbox({ domain: domain.id, address: 'me@example.test' })
  const account = store.account(inbox.id)
  const archive = await account.mailbox('Archive')
  for (let n = 0; n < count; n += 100)
    await account.append(
      archive.id,
      Array.from({ length: 100 }, (_, i) => ({ message: mail(n + i) })),
    )
  await store.close()
}

function timed(name, ...words) {
  const began = performance.now()
  const said = JSON.parse(
    execFileSync(process.execPath, [bin, ...words, '--json'], { env: { ...process.env, POSTERN_DATA_DIR: data } }),
  )
  console.log(`${name.padEnd(28)} ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return said
}

try {
  await fill()
  const { database, files } = timed('backup', 'backup', backup)
  const mb = (bytes) => `${(bytes / 1_048_576).toFixed(0)} MB`
  console.log(`${count} messages: database ${mb(database.bytes)}, ${files.count} files with ${mb(files.bytes)}`)
  timed('backup again', 'backup', backup)
  timed('verify of the backup', 'verify', backup)
  timed('restore over the same data', 'restore', backup)
  timed('restore to another folder', 'restore', backup, '--into', join(place, 'elsewhere'))
} finally {
  rmSync(place, { recursive: true, force: true })
}
