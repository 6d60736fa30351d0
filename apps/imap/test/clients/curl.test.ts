// curl imaps://: list, fetch, search, upload, and commands of its user's own.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type MailServer, mailServer, message, password, run, user } from './mail-server.js'

async function curl(server: MailServer, path: string, ...words: string[]) {
  const config = join(server.folder, 'curlrc')
  const quoted = `${user}:${password}`.replaceAll('"', '\\"')
  writeFileSync(config, `user = "${quoted}"\ncacert = "${server.caFile}"\nsilent\nshow-error\n`)
  const ended = await run('curl', ['-K', config, `imaps://localhost:${server.port}/${path}`, ...words])
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(server.complaints()).toBe('')
  return ended.stdout
}

test('list, fetch by uid and by section, search', async () => {
  const server = await mailServer()
  await server.deliver('INBOX', message('first', 'What a day.'))
  await server.deliver('INBOX', message('second'))
  expect(await curl(server, '')).toContain('* LIST (\\HasNoChildren) "/" INBOX\r\n')
  expect(await curl(server, 'INBOX;UID=1')).toBe(message('first', 'What a day.'))
  expect(await curl(server, 'INBOX;UID=1;SECTION=TEXT')).toBe('What a day.\r\n')
  expect(await curl(server, 'INBOX;MAILINDEX=2;SECTION=HEADER.FIELDS%20(SUBJECT)')).toBe('Subject: second\r\n\r\n')
  expect(await curl(server, 'INBOX?SUBJECT%20second')).toBe('* SEARCH 2\r\n')
  expect(await curl(server, 'INBOX?ALL')).toBe('* SEARCH 1 2\r\n')
  expect(await curl(server, 'INBOX?NEW')).toMatch(/^\* SEARCH/)
})

test('upload with -T, then the message is there byte for byte', async () => {
  const server = await mailServer()
  const file = join(server.folder, 'up.eml')
  writeFileSync(file, message('uploaded', 'x'.repeat(70_000)))
  await curl(server, 'Archive', '-T', file)
  expect(await curl(server, 'Archive;UID=1')).toBe(message('uploaded', 'x'.repeat(70_000)))
})

test('commands of one’s own: EXAMINE, STORE, CREATE, and AUTHENTICATE without SASL-IR', async () => {
  const server = await mailServer()
  await server.deliver('INBOX', message('first'))
  expect(await curl(server, '', '-X', 'EXAMINE INBOX')).toContain('* 1 EXISTS\r\n')
  expect(await curl(server, 'INBOX', '-X', 'STORE 1 +FLAGS \\Deleted')).toBe(
    '* 1 FETCH (FLAGS (\\Deleted \\Recent))\r\n',
  )
  expect(await curl(server, 'INBOX', '-X', 'EXPUNGE')).toBe('* 1 EXPUNGE\r\n')
  await curl(server, '', '-X', 'CREATE "Zwei Wörter"'.replace('ö', '&APY-'))
  expect(await curl(server, '', '-X', 'LIST "" "Z*"', '--login-options', 'AUTH=PLAIN')).toContain('"Zwei W&APY-rter"')
})

test('a wrong password is curl’s exit 67', async () => {
  const server = await mailServer()
  const words = ['-sS', '--cacert', server.caFile, '-u', `${user}:wrong`, `imaps://localhost:${server.port}/`]
  expect((await run('curl', words)).code).toBe(67)
})
