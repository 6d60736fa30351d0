// Each app starts alone by its own script, on the data folder below the folder that npm was called in, and serves its door and no
// other.

import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Announcement } from '../src/announcement.js'
import { newFolder, program, started, stop } from './gateway-process.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

async function firstWord(port: number, said?: Announcement): Promise<string> {
  const at = { host: '127.0.0.1', port, servername: 'localhost' }
  const socket = said === undefined ? connectPlain(at) : connectTls({ ...at, ca: readFileSync(said.caFile!) })
  const [chunk] = await once(socket, 'data')
  socket.destroy()
  return String(chunk)
}

const doors = ({ imap, smtp, smtpStartTls, mx, lmtp }: Announcement) =>
  Object.entries({ imap, smtp, smtpStartTls, mx, lmtp }).flatMap(([name, door]) => (door ? [name] : []))

test('each app has a start of its own', { timeout: 120_000 }, async () => {
  const folder = newFolder()
  const cwd = join(folder, 'somewhere')
  mkdirSync(cwd)
  const begun = async (app: string) => {
    const words = ['--prefix', root, 'start', '--silent', '-w', `apps/${app}`, '--', '--json']
    const gateway = program('npm', words, { cwd, env: { POSTERN_DATA_DIR: './data', HOME: folder } })
    const said = await started(gateway)
    expect(said.dataFolder).toBe(join(cwd, 'data'))
    return { gateway, said }
  }
  const imap = await begun('imap')
  expect(doors(imap.said)).toEqual(['imap'])
  expect(await firstWord(imap.said.imap!.port, imap.said)).toMatch(/^\* OK /)
  const submission = await begun('submission')
  expect(doors(submission.said)).toEqual(['smtp', 'smtpStartTls'])
  expect(await firstWord(submission.said.smtp!.port, submission.said)).toMatch(/^220 /)
  expect(await firstWord(submission.said.smtpStartTls!.port)).toMatch(/^220 /)
  const inbound = await begun('inbound')
  expect(doors(inbound.said)).toEqual(['mx', 'lmtp'])
  expect(await firstWord(inbound.said.mx!.port)).toMatch(/^220 /)
  expect(await firstWord(inbound.said.lmtp!.port)).toMatch(/^220 /)
  const relay = await begun('relay')
  expect(doors(relay.said)).toEqual([])
  expect((await fetch(relay.said.health)).status).toBe(200)
  const all = [imap, submission, inbound, relay]
  expect(await Promise.all(all.map(({ gateway }) => stop(gateway)))).toEqual([0, 0, 0, 0])
})
