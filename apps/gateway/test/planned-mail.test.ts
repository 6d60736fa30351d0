// The planners of submission and relay where an inbox's mail is kept encrypted: its rules see the plain message, and what is sent on is the
// encrypted text.

import { openStore, type Store } from '@postern/mailbox-store'
import { createLogger, createMailLog, createMetrics } from '@postern/telemetry'
import { expect, onTestFinished, test } from 'vitest'
import { type PlannedMailOptions, relayPlanner, submissionPlanner } from '../src/rules/planned-mail.js'
import { StoredRules } from '../src/rules/stored-rules.js'
import { sealedRecords } from '../src/sending/sealed-records.js'
import { SendingLookups } from '../src/sending/sending-lookups.js'
import { newFolder } from './gateway-process.js'

const header = Buffer.from('From: bob@example.test\r\nTo: ada@example.test\r\nSubject: Merger\r\n\r\n')

async function town(mode: 'retained' | 'encrypted') {
  const store: Store = await openStore({ folder: newFolder() })
  onTestFinished(() => store.close())
  const { directory } = store
  const { environment } = await directory.ensureDefault({ tenant: 't', environment: 'e' })
  const made = { environment: environment.id, name: 'example.test', mode, settings: { publicKey: 'key' } }
  const domain = await directory.createDomain(made)
  await directory.markDomainVerified(domain.id, { how: 'operator' })
  const ada = await directory.createInbox({ domain: domain.id, address: 'ada@example.test' })
  const body = JSON.stringify({
    if: { subject: { is: 'merger' } },
    do: [{ forward: 'x@remote.test', copy: false }, { sink: 'https://a.test/' }, { reply: 'Away.' }, { flag: 'todo' }],
  })
  await directory.addRules(ada.id, { rules: [{ publicId: 'rul_00000000000000000000', name: 'r', body }] })
  const logger = createLogger({ level: 'fatal', secrets: [] })
  const metrics = createMetrics({ processMetrics: false })
  const lookups = new SendingLookups({
    ...{ directory, sealed: sealedRecords(new Uint8Array(32)), elapsedMs: () => performance.now() },
    fallback: { kind: 'direct', port: 25 },
    defaults: {} as never,
  })
  const options: PlannedMailOptions = {
    ...{ store, lookups, hostname: 'mx.example.test', logger, metrics, clock: Date.now },
    ...{ rules: new StoredRules(directory, logger), mailLog: createMailLog({ logger, metrics }) },
  }
  return { store, ada, options }
}

const question = { recipient: 'ada@example.test', sender: 'bob@example.test', header, sizeBytes: 100, queueId: 'q_1' }

test('a submission to an encrypted inbox sends on what the inbox gets; another one is left to the relay', async () => {
  const sealed = await town('encrypted')
  const plan = await submissionPlanner(sealed.options)({ ...question, account: sealed.ada.id })
  expect(plan?.places).toEqual([])
  expect(plan?.sentOn).toMatchObject([
    { recipients: ['x@remote.test'], sender: 'ada@example.test', keep: true, foreign: false },
    { recipients: ['ada@example.test'], sink: 'rul_00000000000000000000', keep: true },
    { recipients: ['bob@example.test'], sender: '', reply: {} },
  ])
  expect(plan?.sentOn?.map(({ message }) => message !== undefined)).toEqual([false, false, true])
  expect(Buffer.from(plan?.sentOn?.[2]?.message?.raw ?? []).toString()).toMatch(/^Subject: Automatic reply\r$/m)
  const plain = await town('retained')
  expect(await submissionPlanner(plain.options)({ ...question, account: plain.ada.id })).toBeUndefined()
})

test('the relay sends on the text that the inbox keeps, under its own address', async () => {
  const { ada, options } = await town('encrypted')
  const row = { sender: 'bob@example.test', recipient: 'ada@example.test', foreign: true, queueId: 'q_1', body: '7bit' }
  const here = await relayPlanner(options)({
    ...{ row: row as never, account: ada.id, header, content: { size: 100 } as never },
    async storedText() {
      return (async function* () {
        yield Buffer.from('Subject: [...]\r\n\r\nEncrypted.\r\n')
      })()
    },
  })
  const [forward, post] = here.sentOn ?? []
  expect(forward).toMatchObject({ recipients: ['x@remote.test'], keep: true, foreign: true, body: '7bit' })
  expect(Buffer.from(forward?.message?.raw ?? []).toString()).toMatch(
    /^Delivered-To: ada@example\.test\r\nReceived: from mx\.example\.test\r\n.*\r\nSubject: \[\.\.\.\]\r\n\r\nEncrypted\.\r\n$/s,
  )
  expect(post).toMatchObject({ sink: 'rul_00000000000000000000', keep: true })
  expect(post).not.toHaveProperty('message')
})
