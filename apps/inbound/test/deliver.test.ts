// The one way in: what is stored for whom, what stands on top of it, and what is said where not everybody can have it.

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Domain, type Inbox, openStore, type Store } from '@postern/mailbox-store'
import { MemoryBudget } from '@postern/smtp'
import { createLogger, createMailLog, createMetrics } from '@postern/telemetry'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type Arrival,
  type ArrivalRecipient,
  acceptAll,
  deliver,
  type InboundContext,
  type Outcome,
  plainPlan,
  retained,
  type Verdict,
} from '../src/index.js'

let folder: string
let store: Store
let context: InboundContext
let domain: Domain
let verdict: Verdict
let towns = 0
const lines: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-inbound-'))
  store = await openStore({ folder: join(folder, 'store') })
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  const metrics = createMetrics({ processMetrics: false })
  const hostname = 'mx.example.test'
  context = {
    ...{ store, hostname, logger, metrics, planner: plainPlan, clock: () => Date.now() },
    judge: { ...acceptAll, judge: async () => verdict },
    modes: { retained: retained({ store, planner: plainPlan, hostname }) },
    recipientFor: async () => ({ kind: 'remote' }),
    holding: { folder: join(folder, 'incoming'), memoryBytesMax: 1_000, budget: new MemoryBudget(10_000) },
    postmasterDomain: 'example.test',
    mailLog: createMailLog({ logger, metrics }),
  }
})

beforeEach(async () => {
  verdict = { action: 'accept', authenticationResults: undefined }
  lines.length = 0
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  domain = await store.directory.createDomain({
    ...{ environment: environment.id, name: `town${++towns}.example.test`, catchAll: true },
  })
})

afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

const arrival: Arrival = {
  ...{ id: 'q_1', via: 'smtp', sender: 'carol@example.org', helo: 'mail.example.org', clientAddress: '192.0.2.7' },
  ...{ tls: undefined, smtpUtf8: false, receivedAt: Date.UTC(2026, 10, 20, 9, 30, 5) },
}

const inbox = (local: string): Promise<Inbox> =>
  store.directory.createInbox({ domain: domain.id, address: `${local}@${domain.name}` })

const to = (of: Inbox): ArrivalRecipient => ({ address: of.address, domain, inbox: of })

async function send(
  text: string,
  recipients: readonly ArrivalRecipient[],
  { together = true, of = arrival }: { together?: boolean; of?: Arrival } = {},
): Promise<readonly Outcome[]> {
  const data = (async function* () {
    for (let at = 0; at < text.length; at += 700) yield Buffer.from(text.slice(at, at + 700))
  })()
  return deliver(data, { delivering: { arrival: of, recipients, bytesMax: 100_000, together }, context })
}

async function mails(of: Inbox, mailbox = 'INBOX'): Promise<string[]> {
  const account = store.account(of.id)
  const found = await account.mailbox(mailbox)
  if (found === undefined) return []
  const open = await account.open(found.id)
  await open.refresh()
  const { entries, length } = open.index
  const contents = await Promise.all(Array.from(entries.messages.subarray(0, length), (each) => open.content(each)))
  const bytes = await Promise.all(contents.map((content) => content?.bytes()))
  open.close()
  return bytes.map((each) => Buffer.from(each ?? []).toString('latin1'))
}

const plain = 'From: carol@example.org\r\nSubject: Tea\r\n\r\nAt four?\r\n'

describe('what is stored', () => {
  test('every byte as it came, below what this server has to say', async () => {
    const ada = await inbox('ada')
    const outcomes = await send(plain, [to(ada)])
    expect(outcomes).toMatchObject([{ kind: 'delivered' }])
    expect(await mails(ada)).toEqual([
      `Return-Path: <carol@example.org>\r\nDelivered-To: ${ada.address}\r\n` +
        'Received: from mail.example.org ([192.0.2.7])\r\n by mx.example.test with ESMTP id q_1\r\n' +
        ` for <${ada.address}>;\r\n Fri, 20 Nov 2026 09:30:05 +0000\r\n${plain}`,
    ])
  })

  test('one text for several, which tells none of them of the others', async () => {
    const [ada, bob] = [await inbox('ada'), await inbox('bob')]
    await send(plain, [to(ada), to(bob)])
    const [text] = await mails(ada)
    expect(await mails(bob)).toEqual([text])
    expect(text).not.toContain('ada@')
    expect(text).not.toContain('bob@')
  })

  test('what only this server writes is taken out where somebody else has written it', async () => {
    const ada = await inbox('ada')
    const forged =
      'Return-Path: <x@example.net>\r\nAuthentication-Results: (a;b) "MX.example.test" 1;\r\n dmarc=pass\r\n' +
      'Authentication-Results: elsewhere.example; spf=pass\r\n'
    verdict = { action: 'accept', authenticationResults: 'mx.example.test;\r\n spf=fail' }
    await send(`${forged}${plain}`, [to(ada)])
    const [text = ''] = await mails(ada)
    expect(text).not.toMatch(/x@example\.net|dmarc=pass/)
    expect(text).toContain('Authentication-Results: elsewhere.example; spf=pass\r\nFrom:')
    expect(text).toContain('Authentication-Results: mx.example.test;\r\n spf=fail\r\nReceived:')
  })

  test('a large one goes by a file, and none is left', async () => {
    const ada = await inbox('ada')
    const large = `${plain}${'y'.repeat(5_000)}\r\n`
    await send(large, [to(ada)])
    expect((await mails(ada))[0]?.endsWith(large)).toBe(true)
    expect(await readdir(join(folder, 'incoming'))).toEqual([])
  })

  test('a catch-all domain makes the inbox', async () => {
    const address = `new@${domain.name}`
    await send(plain, [{ address, domain, inbox: { toMake: address } }])
    const found = await store.directory.findAddress(address)
    expect(found?.via).toBe('address')
    expect(found?.via === 'address' && (await mails(found.inbox))).toHaveLength(1)
  })
})

describe('what is judged', () => {
  test('spam goes into its folder', async () => {
    const ada = await inbox('ada')
    verdict = { action: 'spam', authenticationResults: undefined }
    await send(plain, [to(ada)])
    expect([await mails(ada), (await mails(ada, 'Spam')).length]).toEqual([[], 1])
  })

  test.each([
    ['refuse', 'refused', '550 5.7.1 No'],
    ['defer', 'deferred', '451 4.7.1 Later'],
  ] as const)('%s is an answer', async (action, kind, reply) => {
    const ada = await inbox('ada')
    verdict = { action, reply, authenticationResults: undefined }
    expect(await send(plain, [to(ada)])).toMatchObject([{ kind, reply }])
    expect(await mails(ada)).toEqual([])
    expect(lines.join()).toContain('"refused"')
  })
})

describe('who has no room', () => {
  test('together: nobody has it', async () => {
    const [ada, bob] = [await inbox('ada'), await inbox('bob')]
    await store.directory.updateInbox(bob.id, { quotaBytes: 1 })
    const outcomes = await send(plain, [to(ada), to(bob)])
    expect(outcomes.map(({ kind, reply }) => [kind, reply.slice(0, 9)])).toEqual([
      ['deferred', '452 4.2.2'],
      ['deferred', '452 4.2.2'],
    ])
    expect(outcomes[1]).toMatchObject({ account: bob.id })
    expect(await mails(ada)).toEqual([])
  })

  test('each with an answer of its own: the others have it', async () => {
    const [ada, bob] = [await inbox('ada'), await inbox('bob')]
    await store.directory.updateInbox(bob.id, { quotaBytes: 1 })
    const outcomes = await send(plain, [to(bob), to(ada)], { together: false })
    expect(outcomes.map(({ kind }) => kind)).toEqual(['deferred', 'delivered'])
    expect(await mails(ada)).toHaveLength(1)
  })
})

describe('what is refused, and leaves nothing', () => {
  test.each([
    [
      'a circle by its own hand',
      (address: string) => `Delivered-To: ${address.toUpperCase()}\r\n${plain}`,
      '554 5.4.6',
    ],
    ['a long circle', () => `${'Received: from a by b; c\r\n'.repeat(101)}${plain}`, '554 5.4.6'],
    ['too many bytes', () => `${plain}${'z'.repeat(100_000)}\r\n`, '552 5.3.4'],
    ['a bare LF', () => `${plain}a\nb\r\n`, '554 5.6.0'],
    ['a million fields', () => 'A: b\r\n'.repeat(50_000), '552 5.3.4'],
    ['a beginning in white space', () => ` X: y\r\n${plain}`, '554 5.6.0'],
  ])('%s', async (_, text, reply) => {
    const ada = await inbox('ada')
    await expect(send(text(ada.address), [to(ada)])).rejects.toThrow(reply)
    expect([await mails(ada), await readdir(join(folder, 'incoming')).catch(() => [])]).toEqual([[], []])
    expect(lines.join()).toContain(reply)
  })

  test('lines may be as long as they like', async () => {
    const ada = await inbox('ada')
    await send(`${plain}${'z'.repeat(20_000)}\r\n`, [to(ada)])
    expect(await mails(ada)).toHaveLength(1)
  })
})
