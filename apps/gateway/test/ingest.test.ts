// Receiving over HTTP through the whole gateway: keys by the command line, posts by curl and fetch, an IMAP client that hears of them, and
// a gateway that is killed in the middle. Contract F3.

import { execFile } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { commandLine } from './command-line.js'
import { stop } from './gateway-process.js'
import { again, type Running, reader, running, subjects } from './mail-gateway.js'

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

const portOf = ({ said }: Running): number => Number(new URL(said.health).port)

const post = (
  port: number,
  key: Key,
  given: { readonly id: string; readonly body: string; readonly headers?: Record<string, string> },
): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${key.path}`, {
    method: 'POST',
    headers: { ...signed(key, given), ...given.headers },
    body: given.body,
  })

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
  const env = { PATH: process.env.PATH ?? '', FILE: file, SECRET: key.secret, KEY: key.id, PORT: `${portOf(it)}` }
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { env })
  expect(JSON.parse(stdout)).toMatchObject({ repeated: false, results: [{ status: 'delivered' }] })
  await expect.poll(() => heard.at(-1), { timeout: 20_000 }).toBe(1)
  expect(await subjects(it, 'INBOX')).toEqual(['By curl'])
  expect(`${it.gateway.stdout()}${it.gateway.stderr()}`).not.toContain(key.secret)
  expect(await stop(it.gateway)).toBe(0)
})

test('keys take each other’s place: two work at a time, and one that is revoked works no more', async () => {
  const it = await running({ POSTERN_HTTP_PROXY_NETWORKS: '127.0.0.0/8' })
  const port = portOf(it)
  const [old, next] = [await newKey(it.dataDir), await newKey(it.dataDir)]
  const answers = [old, next].map((key, i) => post(port, key, { id: `m${i}`, body: mail(`${i}`) }))
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200])
  // What was handed over with the old key is known with the new one.
  const repeated = await post(port, next, { id: 'm0', body: mail('0') })
  expect(await repeated.json()).toMatchObject({ repeated: true })
  // A proxy says whose post it is.
  await post(port, next, { id: 'm0', body: mail('0'), headers: { 'X-Forwarded-For': '198.51.100.7' } })
  await expect.poll(() => it.gateway.stdout()).toMatch(/"from":"198\.51\.100\.7".*"ingest post"/)

  expect((await cli(it.dataDir, 'ingest', 'key', 'revoke', old.id)).said.revoked_at).toBeTruthy()
  await expect
    .poll(async () => (await post(port, old, { id: 'm2', body: mail('2') })).status, { timeout: 20_000 })
    .toBe(401)
  expect((await post(port, next, { id: 'm3', body: mail('3') })).status).toBe(200)
  const list = await cli(it.dataDir, 'ingest', 'key', 'list', '--domain', 'example.test')
  expect(list.said.data).toMatchObject([
    { id: old.id, provider: 'http', domain: 'example.test' },
    { id: next.id, revoked_at: null },
  ])
  const audit = await cli(it.dataDir, 'audit', 'list')
  expect(audit.text).toContain('ingest-key.create')
  expect(audit.text).toContain('ingest-key.revoke')
  for (const said of [list.text, audit.text, it.gateway.stdout(), it.gateway.stderr()])
    for (const { secret } of [old, next]) expect(said).not.toContain(secret)
  expect(await stop(it.gateway)).toBe(0)
})

test('what a provider gives comes by a file; what is asked wrongly is said', async () => {
  const it = await running()
  const file = join(it.dataDir, 'given')
  writeFileSync(file, 'key-of-mailgun\n')
  const mailgun = await newKey(it.dataDir, '--provider', 'mailgun', '--secret-file', file)
  expect(mailgun).toMatchObject({ path: `/v1/ingest/mailgun/${mailgun.id}/mime` })
  expect(mailgun).not.toHaveProperty('secret')
  const token = randomUUID()
  const timestamp = String(Math.floor(Date.now() / 1_000))
  const signature = createHmac('sha256', 'key-of-mailgun').update(`${timestamp}${token}`).digest('hex')
  const form = new URLSearchParams({
    recipient: 'me@example.test',
    sender: 'carol@example.org',
    timestamp,
    token,
    signature,
  })
  form.set('body-mime', mail('By Mailgun'))
  const answer = await fetch(`http://127.0.0.1:${portOf(it)}${mailgun.path}`, { method: 'POST', body: form })
  expect(answer.status).toBe(200)
  expect(await subjects(it, 'INBOX')).toEqual(['By Mailgun'])

  const topic = 'arn:aws:sns:eu-west-1:123456789012:mail'
  const ses = await newKey(it.dataDir, '--provider', 'ses', '--topic', topic)
  expect(ses.path).toBe(`/v1/ingest/ses/${ses.id}`)
  const rows: [string[], RegExp][] = [
    [['--provider', 'ses'], /one SNS topic/],
    [['--provider', 'ses', '--topic', 'mail'], /one SNS topic/],
    [['--topic', topic], /Only ses/],
    [['--provider', 'mailgun'], /key of its own/],
    [['--provider', 'sendgrid', '--secret-file', file], /no public key/],
    [['--provider', 'postmark', '--secret-file', file], /made here/],
    [['--provider', 'pigeon'], /--provider is one of/],
    [['--environment', 'production'], /one domain, or for all/],
  ]
  for (const [words, message] of rows) {
    const { code, said } = await cli(
      it.dataDir,
      ...['ingest', 'key', 'create', '--label', 'x', '--domain', 'example.test'],
      ...words,
    )
    expect([code, said.error.name, said.error.message]).toEqual([2, 'usage', expect.stringMatching(message)])
  }
  expect((await cli(it.dataDir, 'ingest', 'key', 'revoke', 'ing_0')).said.error.name).toBe('not_found')
  expect((await cli(it.dataDir, 'ingest', 'key', 'burn')).said.error.message).toContain('postern ingest key burn')
  expect(await stop(it.gateway)).toBe(0)
})

test('a gateway that is killed in the middle delivers each message once, however often it is posted', async () => {
  let it = await running()
  const key = await newKey(it.dataDir)
  const ids = Array.from({ length: 40 }, (_, i) => `m${i}`)
  // Some go by a file.
  const bodyOf = (id: string): string =>
    mail(id, Number(id.slice(1)) % 5 === 0 ? `${'y'.repeat(900)}\r\n`.repeat(400) : '')
  const answered = new Set<string>()
  const postAll = (): Promise<unknown> =>
    Promise.all(
      ids.map(async (id) => {
        const answer = await post(portOf(it), key, { id, body: bodyOf(id) }).catch(() => undefined)
        if (answer?.status === 200) answered.add(id)
      }),
    )
  for (let kill = 0; kill < 4; kill++) {
    const enough = Math.min(ids.length, answered.size + 1 + kill * 5)
    const posting = postAll()
    await expect.poll(() => answered.size >= enough, { interval: 1, timeout: 60_000 }).toBe(true)
    it.gateway.child.kill('SIGKILL')
    await posting
    it = await again(it)
  }
  await postAll()
  expect(answered.size).toBe(ids.length)
  expect((await subjects(it, 'INBOX')).sort()).toEqual([...ids].sort())
  expect(await stop(it.gateway)).toBe(0)
})
