// A person at `openssl s_client`, who types one tag for all commands.

import { spawn } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { type MailServer, mailServer, message, password, user } from './mail-server.js'

/** Types a line, waits for what it brings, types the next. */
function terminal({ port, caFile }: MailServer, ...words: string[]) {
  const place = ['-connect', `localhost:${port}`, '-servername', 'localhost']
  const child = spawn('openssl', ['s_client', ...place, '-CAfile', caFile, '-verify_return_error', '-quiet', ...words])
  onTestFinished(() => void child.kill())
  let shown = ''
  let read = 0
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    shown += text
  })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    closed,
    /** Resolves with what has come since the last call, as soon as it has the words. */
    async until(words: string): Promise<string> {
      await expect.poll(() => shown.slice(read), { timeout: 10_000, interval: 5 }).toContain(words)
      const answer = shown.slice(read)
      read = shown.length
      return answer
    },
    type: (line: string) => void child.stdin.write(`${line}\n`),
  }
}

/** With -crlf a line ends as the RFC has it; without, in a bare LF. */
test.each([['-tls1_2', '-crlf'], ['-tls1_3']])('a whole session by hand (%s)', async (...words) => {
  const server = await mailServer()
  await server.deliver('INBOX', message('typed', 'Body.'))
  const person = terminal(server, ...words)
  expect(await person.until('\r\n')).toMatch(/^\* OK \[CAPABILITY IMAP4rev1 /)
  person.type('a LOGIN alice@example.test "wrong"')
  expect(await person.until('a NO')).toBe('a NO [AUTHENTICATIONFAILED] Authentication failed\r\n')
  person.type(`a login ${user} "${password.replaceAll('"', '\\"')}"`)
  expect(await person.until('a OK')).toMatch(/^a OK \[CAPABILITY /)
  person.type('a LIST "" *')
  expect(await person.until('a OK')).toContain('"/" INBOX\r\n')
  person.type('a select inbox')
  expect(await person.until('a OK')).toContain('* 1 EXISTS\r\n')
  person.type('a FETCH 1 BODY[HEADER.FIELDS (SUBJECT)]')
  expect(await person.until('a OK')).toContain('BODY[HEADER.FIELDS (SUBJECT)] {18}\r\nSubject: typed\r\n\r\n')
  person.type('a SEARCH UNSEEN')
  expect(await person.until('a OK')).toMatch(/^\* SEARCH\r\na OK/)
  person.type('a FETCH 1 (FLAGS UID)')
  expect(await person.until('a OK')).toMatch(/^\* 1 FETCH \(FLAGS \(\\Seen \\Recent\) UID 1\)\r\na OK/)
  person.type('a nonsense')
  expect(await person.until('a BAD')).toMatch(/^a BAD /)
  person.type('a IDLE')
  await person.until('+ ')
  await server.deliver('INBOX', message('while idling'))
  expect(await person.until('EXISTS')).toContain('* 2 EXISTS\r\n')
  person.type('done')
  await person.until('a OK')
  person.type('a LOGOUT')
  expect(await person.until('a OK')).toMatch(/^\* BYE .*\r\na OK /)
  expect(await person.closed).toBe(0)
  expect(server.complaints()).toBe('')
})

test('AUTHENTICATE PLAIN by hand, the answer on its own line or given up with *', async () => {
  const person = terminal(await mailServer())
  await person.until('* OK')
  person.type('a AUTHENTICATE PLAIN')
  await person.until('+ ')
  person.type('*')
  expect(await person.until('a ')).toMatch(/^a BAD /)
  person.type('a AUTHENTICATE PLAIN')
  await person.until('+ ')
  person.type(Buffer.from(`\0${user}\0${password}`).toString('base64'))
  expect(await person.until('a OK')).toMatch(/^a OK \[CAPABILITY /)
  person.type('a AUTHENTICATE LOGIN')
  expect(await person.until('a BAD')).toMatch(/^a BAD /)
})
