// kill -9 of the process that relays, at a random moment, over and over: everything is delivered, and what was delivered twice is what
// the remote had taken when its answer was not written down yet. Failures are told once each.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStore, type Store } from '@postern/mailbox-store'
import { SMTPServer } from 'smtp-server'
import { expect, test } from 'vitest'
import { until } from './bench.js'

const rounds = Number(process.env.POSTERN_KILLS ?? 12)
const messagesPerRound = 8
const childFile = fileURLToPath(new URL('./kill/child.mjs', import.meta.url))

interface Remote {
  readonly port: number
  /** How often each recipient's message was taken. */
  readonly taken: Map<string, number>
  /** When everyone who came has gone, and what they left is worked off. */
  isQuiet(): boolean
  close(): Promise<void>
}

/** Refuses every seventh recipient, and takes its time now and then. */
async function startRemote(): Promise<Remote> {
  const taken = new Map<string, number>()
  let taking = 0
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onRcptTo({ address }, _, done) {
      if (address.includes('no')) done(Object.assign(new Error('No such user'), { responseCode: 550 }))
      else done()
    },
    onData(stream, { envelope }, done) {
      stream.resume()
      stream.on('end', () => {
        taking++
        setTimeout(() => {
          taking--
          for (const { address } of envelope.rcptTo) taken.set(address, (taken.get(address) ?? 0) + 1)
          done()
        }, Math.random() * 6)
      })
    },
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    port: (server.server.address() as AddressInfo).port,
    taken,
    isQuiet: () => server.connections.size === 0 && taking === 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** Until it has told that it works. */
async function startChild(folder: string, port: number) {
  const child = spawn(process.execPath, [childFile, folder, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return {
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function statesOf(store: Store): Promise<Map<string, string>> {
  const states = new Map<string, string>()
  for (let afterId: number | undefined; ; ) {
    const { items, next } = await store.outbox.list({ afterId })
    for (const { recipients } of items) for (const { recipient, state } of recipients) states.set(recipient, state)
    if (next === undefined) return states
    afterId = next
  }
}

test(`${rounds} kills`, { timeout: 150_000 + rounds * 6_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-kill-'))
  const remote = await startRemote()
  const store = await openStore({ folder })
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const domain = await store.directory.createDomain({ environment: environment.id, name: 'example.test' })
  const ada = await store.directory.createInbox({ domain: domain.id, address: 'ada@example.test' })
  const message = await store.stage(Buffer.from('Subject: hello\r\n\r\nHello\r\n'))
  const all: string[] = []
  const unheard = new Set<string>()

  for (let round = 0; round < rounds; round++) {
    const child = await startChild(folder, remote.port)
    for (let n = 0; n < messagesPerRound; n++) {
      const recipients = ['a', 'b', n === 6 ? 'no' : 'c'].map((name) => `${name}.${round}.${n}@remote.test`)
      all.push(...recipients)
      await store.outbox.submit({
        ...{ account: ada.id, sender: ada.address, message, internalDate: 1_800_000_000, body: '7bit' },
        recipients: recipients.map((address) => ({ address })),
      })
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
    await child.kill()
    await until(() => remote.isQuiet(), 60_000)
    const states = await statesOf(store)
    // What is written as delivered was taken; what was taken and isn't written is what a second copy may be of.
    for (const [recipient, state] of states)
      if (state === 'delivered') expect(remote.taken.get(recipient), recipient).toBeGreaterThan(0)
      else if (remote.taken.has(recipient)) unheard.add(recipient)
  }

  const last = await startChild(folder, remote.port)
  // What was in hand at several kills, or found a busy remote, would wait for minutes.
  await until(async () => {
    await store.outbox.retryAllOf('remote.test')
    const { waiting, leased } = await store.outbox.stats()
    return waiting + leased === 0
  }, 60_000)
  await last.kill()
  const refused = all.filter((address) => address.startsWith('no'))
  const deliverable = all.filter((address) => !address.startsWith('no'))
  expect([...remote.taken.keys()].sort()).toEqual([...deliverable].sort())
  const twice = deliverable.filter((address) => (remote.taken.get(address) ?? 0) > 1)
  for (const address of twice) expect(unheard).toContain(address)
  const states = await statesOf(store)
  for (const address of refused) expect(states.get(address)).toBe('failed')
  const inbox = await store.account(ada.id).mailbox('INBOX')
  expect(inbox?.status.messages).toBe(refused.length)
  await store.close()
  await remote.close()
  await rm(folder, { recursive: true, force: true })
})
