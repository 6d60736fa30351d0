// Sending by the command line beside a running gateway: a route, a rule or a wish for the queue holds from the next moment on, in
// the process that takes mail and in the one that sends it.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import nodemailer from 'nodemailer'
import { expect, test, vi } from 'vitest'
import { commandLine } from './command-line.js'
import { newFolder, type Process, postern, started, stop } from './gateway-process.js'
import { startRemote } from './remote.js'

// Each test starts some ten processes, one after the other.
vi.setConfig({ testTimeout: 90_000 })

interface Gateway {
  readonly process: Process
  /** The object that a command prints with --json. */
  json(...words: string[]): Promise<Record<string, unknown>>
  /** The queue id, or what the client was refused with. */
  send(to: string): Promise<string>
}

async function gateway(): Promise<Gateway> {
  const env = { POSTERN_DATA_DIR: join(newFolder(), 'data') }
  const process = postern(['start', '--json'], { env })
  const said = await started(process)
  return {
    process,
    async json(...words) {
      const { stdout, stderr } = await commandLine([...words, '--json'], { env })
      expect(stderr, words.join(' ')).toBe('')
      return JSON.parse(stdout)
    },
    async send(to) {
      const transport = nodemailer.createTransport({
        ...{ host: '127.0.0.1', port: said.smtp?.port, secure: true },
        auth: { user: 'me@example.test', pass: said.firstStart?.password as string },
        tls: { ca: readFileSync(said.caFile as string), servername: 'localhost' },
      })
      try {
        const { response } = await transport.sendMail({ from: 'me@example.test', to, subject: 'Hello', text: to })
        return /queued as (\S+)/.exec(response)?.[1] as string
      } catch (error) {
        return (error as { response: string }).response
      } finally {
        transport.close()
      }
    },
  }
}

const soon = { timeout: 20_000, interval: 50 }

test('a route holds for the next message, and which one it is can be asked', async () => {
  const [first, second] = [await startRemote(), await startRemote()]
  const { json, send, process } = await gateway()
  expect(await send('x@remote.test')).toMatch(/^550 5\.4\.4 .*POSTERN_ROUTE/s)
  await json('domain', 'route', 'example.test', `smtp://127.0.0.1:${first.port}?tls=none`)
  await expect.poll(() => send('x@remote.test'), soon).not.toMatch(/^550/)
  await expect.poll(() => first.mails.length, soon).toBe(1)
  await json('inbox', 'route', 'me@example.test', `smtp://127.0.0.1:${second.port}?tls=none`)
  const explained = await json('queue', 'explain', 'x@remote.test', '--from', 'me@example.test')
  expect(explained).toMatchObject({
    ...{ relay_runs: true, recipients: [{ because: 'inbox', next_hops: [`127.0.0.1 port ${second.port}`] }] },
  })
  await expect.poll(async () => (await send('x@remote.test')) && second.mails.length > 0, soon).toBe(true)
  const { findings } = (await json('doctor')) as { findings: { check: string; state: string }[] }
  const routes = findings.filter(({ check }) => check.startsWith('route') || check === 'queue')
  expect(routes.map(({ state }) => state)).toEqual(['ok', 'ok', 'ok'])
  await json('inbox', 'route', 'me@example.test', 'none')
  await expect.poll(() => send('x@remote.test'), soon).toMatch(/^550 5\.4\.4/)
  expect(await stop(process)).toBe(0)
})

test('what waits is tried again at once when somebody asks for it, or never again', async () => {
  const remote = await startRemote()
  remote.says = () => ({ responseCode: 451, message: '4.7.1 Greylisted' })
  const { json, send, process } = await gateway()
  await json('domain', 'route', 'example.test', `smtp://127.0.0.1:${remote.port}?tls=none`)
  await expect.poll(() => send('x@remote.test'), soon).not.toMatch(/^550/)
  const waiting = async () => {
    const { data } = (await json('queue', 'list', '--state', 'waiting')) as unknown as { data: Entry[] }
    return data.filter(({ recipients: [one] }) => one?.attempts === 1)
  }
  await expect.poll(async () => (await waiting()).length, soon).toBe(1)
  const [{ id, recipients } = { id: '', recipients: [] }] = await waiting()
  expect(recipients).toMatchObject([
    { last_answer: { code: '451 4.7.1', text: expect.stringContaining('Greylisted') } },
  ])
  remote.says = () => undefined
  expect(await json('queue', 'retry', id)).toMatchObject({ recipients: 1 })
  await expect.poll(() => remote.mails.length, soon).toBe(1)
  remote.says = () => ({ responseCode: 451, message: '4.7.1 Greylisted' })
  await send('y@remote.test')
  await expect.poll(async () => (await waiting()).length, soon).toBe(1)
  const [other] = await waiting()
  expect(await json('queue', 'cancel', other?.id as string)).toMatchObject({ cancelled: 1, in_flight: 0 })
  remote.says = () => undefined
  expect(await json('queue', 'retry', '--all-of', 'remote.test')).toMatchObject({ recipients: 0 })
  expect(remote.mails.map(({ to }) => to)).toEqual([['x@remote.test']])
  expect(await stop(process)).toBe(0)
})

interface Entry {
  readonly id: string
  readonly recipients: readonly { readonly attempts: number }[]
}

test('a limit holds for the next message, and says when it opens again', async () => {
  const { json, send, process } = await gateway()
  expect(await send('me@example.test')).toMatch(/^[\w-]+$/)
  await json('inbox', 'update', 'me@example.test', '--sends-per-hour', '1')
  await expect.poll(() => send('me@example.test'), soon).toMatch(/^450 4\.7\.1 .*\d\d:\d\d/s)
  await json('inbox', 'update', 'me@example.test', '--sends-per-hour', 'none')
  await expect.poll(() => send('me@example.test'), soon).toMatch(/^[\w-]+$/)
  expect(await stop(process)).toBe(0)
})
