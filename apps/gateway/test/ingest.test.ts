// Receiving over HTTP through the whole gateway: keys by the command line, posts by curl and fetch, an IMAP client that hears of them, and
// a gateway that is killed in the middle. Contract F3.

import { execFile } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { commandLine } from './command-line.js'
import { newFolder, postern, started, stop } from './gateway-process.js'
import { again, reader, running, subjects } from './mail-gateway.js'

vi.setConfig({ testTimeout: 120_000 })

interface Key {
  readonly id: string
  readonly secret: string
  readonly path: string
}

const mail = (subject: string, more = ''): string =>
  `From: carol@example.org\r\nTo: me@example.test\r\nSubject: ${subject}\r\n\r\nAt four?\r\n${more}`

async function cli(dataDir: string, ...words: string[]) {
  const { code, stdout, stderr } = await commandLine([...words, '--json'], { env: { POSTERN_DATA_DIR: dataDir } })
  return { code, said: JSON.parse(code === 0 ? stdout : stderr), text: `${stdout}${stderr}` }
}

const newKey = async (dataDir: string, ...words: string[]): Promise<Key> =>
  (await cli(dataDir, 'ingest', 'key', 'create', '--label', 'test', '--domain', 'example.test', ...words)).said

function signed(key: Key, { id, body }: { readonly id: string; readonly body: string }): Record<string, string> {
  const time = Math.floor(Date.now() / 1_000)
  const [sender, recipients] = ['carol@example.org', 'me@example.test']
  const hmac = createHmac('sha256', key.secret).update(`v1:${time}:${id}:${sender}:${recipients}:${body}`)
  return {
    ...{ 'Postern-Key': key.id, 'Postern-Id': id, 'Postern-Timestamp': `${time}`, 'Postern-Sender': sender },
    ...{ 'Postern-Recipients': recipients, 'Postern-Signature': `v1=${hmac.digest('hex')}` },
  }
}

const post = (port: number, key: Key, given: { readonly id: string; readonly body: string }): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${key.path}`, { method: 'POST', headers: signed(key, given), body: given.body })

test('a key by the command line, a post by curl as the documentation has it, and IDLE hears of it', async () => {
  const it = await running()
  const key = await newKey(it.dataDir)
  const idle = await reader(it)
  await idle.mailboxOpen('INBOX')
  const heard: number[] = []
  idle.on('exists', ({ count }) => void heard.push(count))
  void idle.idle()
  const file = join(it.dataDir, 'message.eml')
  writeFileSync(file, mail('By curl').replaceAll('\r\n', '\n'))
  const script = `
time=$(date +%s); id=$(uuidgen || cat /proc/sys/kernel/random/uuid); sender=carol@example.org; recipients=me@example.test
signature=$({ printf 'v1:%s:%s:%s:%s:' "$time" "$id" "$sender" "$recipients"; cat "$FILE"; } |
  openssl dgst -sha256 -hmac "$SECRET" -r | cut -d ' ' -f 1)
curl -sS --data-binary @"$FILE" -H 'Content-Type: message/rfc822' -H "Postern-Key: $KEY" -H "Postern-Id: $id" \\
  -H "Postern-Timestamp: $time" -H "Postern-Sender: $sender" -H "Postern-Recipients: $recipients" \\
  -H "Postern-Signature: v1=$signature" "http://127.0.0.1:$PORT/v1/ingest"`
  const port = it.said.health.match(/:(\d+)/)?.[1] ?? ''
  const env = { PATH: process.env.PATH ?? '', FILE: file, SECRET: key.secret, KEY: key.id, PORT: port }
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { env })
  expect(JSON.parse(stdout)).toMatchObject({ repeated: false, results: [{ status: 'delivered' }] })
  await expect.poll(() => heard.at(-1)).toBe(1)
  expect(await subjects(idle)).toEqual(['By curl'])
  expect(`${it.gateway.stdout()}${it.gateway.stderr()}`).not.toContain(key.secret)
  expect(await stop(it.gateway)).toBe(0)
})
