// STARTTLS as imaplib, openssl s_client and curl speak it, on the port that begins in clear.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type MailServer, mailServer, message, password, run, user } from './mail-server.js'

test('imaplib: no password in clear, then STARTTLS, then all is open', async () => {
  const server = await mailServer()
  await server.deliver('INBOX', message('one'))
  const script = fileURLToPath(new URL('starttls.py', import.meta.url))
  const words = [script, String(server.clearPort), server.caFile, user, password]
  const { code, stdout, stderr } = await run('python3', words)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const said = JSON.parse(stdout)
  expect(said.before).toEqual(expect.arrayContaining(['IMAP4REV1', 'STARTTLS', 'LOGINDISABLED']))
  expect(said.before.filter((name: string) => name.startsWith('AUTH='))).toEqual([])
  expect(said.inClear).toContain('[PRIVACYREQUIRED] LOGIN requires TLS')
  expect(said).toMatchObject({ starttls: 'OK', login: 'OK', selected: '1' })
  expect(said.version).toBe('TLSv1.3')
  expect(said.after).toEqual(expect.arrayContaining(['AUTH=PLAIN', 'SASL-IR']))
  expect(said.after).not.toContain('STARTTLS')
  expect(said.twice).toBeDefined()
  expect(server.complaints()).toBe('')
})

test.each(['-tls1_2', '-tls1_3'])('openssl s_client -starttls imap %s', async (version) => {
  const { clearPort, caFile, complaints } = await mailServer()
  const place = ['-connect', `localhost:${clearPort}`, '-servername', 'localhost', '-starttls', 'imap']
  const trust = ['-CAfile', caFile, '-verify_return_error', '-quiet', version]
  const child = spawn('openssl', ['s_client', ...place, ...trust])
  onTestFinished(() => void child.kill())
  let shown = ''
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    shown += text
  })
  child.stdin.write('a CAPABILITY\r\n')
  await expect.poll(() => shown, { timeout: 10_000 }).toContain('a OK')
  expect(shown).toContain(' AUTH=PLAIN ')
  child.stdin.write(`b LOGIN ${user} "${password.replaceAll('"', '\\"')}"\r\n`)
  await expect.poll(() => shown, { timeout: 10_000 }).toContain('b OK')
  child.stdin.write('c LOGOUT\r\n')
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0)
  expect(complaints()).toBe('')
})

/** With `--ssl-reqd` curl gives up where it can't have TLS; without TLS it finds LOGINDISABLED and gives up too. */
test('curl imap:// --ssl-reqd; without it, curl sends no password', async () => {
  const server = await mailServer()
  await server.deliver('INBOX', message('by curl'))
  const curl = (...words: string[]) => {
    const config = join(server.folder, 'curlrc')
    const quoted = `${user}:${password}`.replaceAll('"', '\\"')
    writeFileSync(config, `user = "${quoted}"\ncacert = "${server.caFile}"\nsilent\nshow-error\n`)
    return run('curl', ['-K', config, `imap://localhost:${server.clearPort}/INBOX;UID=1`, ...words])
  }
  expect(await curl('--ssl-reqd')).toEqual({ code: 0, stderr: '', stdout: message('by curl') })
  expect(await curl()).toMatchObject({ code: 67, stdout: '' })
  const tlsToClearPort = await run('curl', [
    ...['-sS', '--cacert', server.caFile, '-u', `${user}:x`],
    `imaps://localhost:${server.clearPort}/`,
  ])
  expect(tlsToClearPort.code).toBe(35)
  expect(server.complaints()).toBe('')
})

/** The port that an MTA's check or a load balancer's looks at: a connection and nothing more. */
test('a look at the port, without a word, is no complaint', async () => {
  const server: MailServer = await mailServer()
  for (const port of [server.port, server.clearPort])
    await run('python3', ['-c', `import socket; socket.create_connection(("127.0.0.1", ${port})).close()`])
  expect(server.complaints()).toBe('')
})
