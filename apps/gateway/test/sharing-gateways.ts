// Gateways that share a data folder and a Redis, and clients of them that say lines and wait for answers.

import { readFileSync } from 'node:fs'
import { connect } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { Announcement } from '../src/announcement.js'
import { type Process, postern, started } from './gateway-process.js'

export interface Running {
  readonly gateway: Process
  readonly said: Announcement
}

export async function running(dataDir: string, env: Record<string, string>): Promise<Running> {
  const own = { POSTERN_DATA_DIR: dataDir, POSTERN_BIND: '127.0.0.1' }
  const gateway = postern(['start', '--json'], { env: { ...own, ...env } })
  return { gateway, said: await started(gateway) }
}

export interface Opening {
  readonly password: string
  readonly mailbox?: string
  readonly user?: string
  /** How long it waits for an answer. */
  readonly patienceMs?: number
}

/** A client on one of them, logged in, which says lines and waits for answers. */
export async function client(
  { said }: Pick<Running, 'said'>,
  { password, mailbox = 'INBOX', user = 'me@example.test', patienceMs = 20_000 }: Opening,
) {
  const ca = readFileSync(said.caFile!)
  const socket = connect({ host: '127.0.0.1', port: said.imap!.port, ca, servername: 'localhost' })
  onTestFinished(() => void socket.destroy())
  let text = ''
  let look = (): void => undefined
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
    look()
  })
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const hears = (from: number, until: string, timeoutMs = patienceMs): Promise<string> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no ${until} in:\n${text.slice(from)}`)), timeoutMs)
      look = () => {
        if (!text.includes(until, from)) return
        clearTimeout(late)
        resolve(text.slice(from))
      }
      look()
    })
  const say = (line: string, until: string): Promise<string> => {
    const from = text.length
    socket.write(`${line}\r\n`)
    return hears(from, until)
  }
  const answer = await say(`l LOGIN ${user} ${password}`, '\r\nl ')
  if (!answer.includes('l OK')) throw new Error(answer)
  await say(`s SELECT ${mailbox}`, 's OK')
  const leave = (): void => void socket.destroy()
  // Its own port tells which process has it.
  const port = socket.localPort!
  return { say, hears, closed, leave, port, at: () => text.length, text: () => text }
}

export type Client = Awaited<ReturnType<typeof client>>

export const message = (subject: string) => `From: a@example.net\r\nSubject: ${subject}\r\n\r\nHello.\r\n`

export async function append(by: Client, subject: string): Promise<void> {
  const source = message(subject)
  await by.say(`a APPEND INBOX {${source.length}}`, '+ ')
  await by.say(source, 'a OK')
}
