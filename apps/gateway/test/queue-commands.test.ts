// The queue as an operator sees it, in the test's own process, over submissions that a store really took: lists and their filters,
// trying again, giving up, and why a recipient's mail goes where it goes.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Inbox, openStore, type Store } from '@postern/mailbox-store'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Folder, folder } from './commands-folder.js'
import { nameServer } from './dns-server.js'

vi.setConfig({ testTimeout: 90_000 })

const by = { name: 'test' }

interface Queue extends Folder {
  /** With the store open beside, as a gateway has it. */
  store: Store
  ada: Inbox
}

async function queue(): Promise<Queue> {
  let ada: Inbox | undefined
  const made = await folder(async (store, domain) => {
    await store.directory.markDomainVerified(domain, { how: 'operator', by })
    ada = await store.directory.createInbox({ domain, address: 'ada@example.test', by })
  })
  writeFileSync(join(made.env.POSTERN_DATA_DIR as string, 'secret.key'), '1'.repeat(64), { mode: 0o600 })
  const store = await openStore({ folder: made.env.POSTERN_DATA_DIR as string })
  onTestFinished(() => store.close())
  return { ...made, store, ada: ada as Inbox }
}

const submit = async (store: Store, { ada, from, to }: { ada: Inbox; from: string; to: readonly string[] }) => {
  const message = await store.stage(Buffer.from('Subject: hello\r\n\r\nhello\r\n'))
  const recipients = to.map((address) => ({ address }))
  const { environment } = ada
  const sender = from === ada.address ? { account: ada.id } : { environment }
  return (await store.outbox.submit({ ...sender, sender: from, recipients, message, internalDate: 0, body: '7bit' }))
    .queueId
}

const owner = 'a relay'
async function sendAll(
  store: Store,
  outcome: (recipient: string) => Parameters<Store['outbox']['report']>[0]['outcome'],
) {
  for (const { id, recipient } of await store.outbox.claim({ owner, limit: 100, leaseMs: 60_000 }))
    await store.outbox.report({ id, owner, outcome: outcome(recipient) })
}

type Entry = { id: string; recipients: { address: string; state: string; next_try_at: string | null }[] }
const idsIn = async (ask: Folder['ask'], ...words: string[]): Promise<string[]> =>
  ((await ask('queue', 'list', ...words)).said as unknown as { data: Entry[] }).data.map(({ id }) => id)

test('the queue is listed: what is open, or in a state, for a domain, of a sender, a tenant or an inbox', async () => {
  const { ask, text, store, ada } = await queue()
  await ask('tenant', 'create', 'acme')
  const first = await submit(store, { ada, from: 'ada@example.test', to: ['x@one.test', 'y@two.test'] })
  const second = await submit(store, { ada, from: '', to: ['z@two.test'] })
  await sendAll(store, (recipient) =>
    recipient === 'x@one.test'
      ? {
          kind: 'deferred',
          nextTryAt: Date.UTC(2030, 0, 1),
          code: '451',
          text: 'Greylisted\u001b[31m,\ncome again',
          remote: 'mx.one.test',
        }
      : { kind: 'delivered', code: '250', text: 'queued' },
  )
  expect(await idsIn(ask)).toEqual([first])
  expect(await idsIn(ask, '--all')).toEqual([second, first])
  expect(await idsIn(ask, '--state', 'delivered')).toEqual([second, first])
  expect(await idsIn(ask, '--state', 'waiting')).toEqual([first])
  expect(await idsIn(ask, '--state', 'sending')).toEqual([])
  expect(await idsIn(ask, '--all', '--to', 'TWO.test')).toEqual([second, first])
  expect(await idsIn(ask, '--to', 'one.test', '--state', 'delivered')).toEqual([])
  expect(await idsIn(ask, '--all', '--from', 'Ada@example.test')).toEqual([first])
  expect(await idsIn(ask, '--all', '--from', '<>')).toEqual([second])
  expect(await idsIn(ask, '--all', '--inbox', 'ada@example.test')).toEqual([first])
  expect(await idsIn(ask, '--all', '--tenant', 'default')).toEqual([second, first])
  expect(await idsIn(ask, '--all', '--tenant', 'acme')).toEqual([])
  expect((await ask('queue', 'list', '--state', 'lost')).error).toMatchObject({ name: 'usage' })
  const list = await text('queue', 'list')
  expect(list).toMatch(
    /x@one\.test and 1 more +1 waiting, 1 delivered +2030-01-01T00:00:00\.000Z +mx\.one\.test: 451 Greylisted \[31m, come again\n/,
  )
  const { said } = await ask('queue', 'show', first)
  expect(said).toMatchObject({
    ...{ id: first, from: 'ada@example.test', inbox: 'ada@example.test', closed_at: null, cancelled_at: null },
    recipients: [
      {
        ...{
          address: 'x@one.test',
          state: 'waiting',
          attempts: 1,
          next_try_at: '2030-01-01T00:00:00.000Z',
          done_at: null,
        },
        last_answer: { code: '451', remote: 'mx.one.test' },
      },
      { address: 'y@two.test', state: 'delivered', next_try_at: null, done_at: expect.any(String) },
    ],
  })
  expect(await text('queue', 'show', second)).toContain('<> (a notice)')
  expect((await ask('queue', 'show', 'nothing')).error).toMatchObject({ name: 'not_found' })
})

test('what waits is tried again at once: one submission, or everything for a domain; and the log has it', async () => {
  const { ask, text, store, ada } = await queue()
  const first = await submit(store, { ada, from: 'ada@example.test', to: ['x@one.test'] })
  await submit(store, { ada, from: 'ada@example.test', to: ['y@two.test'] })
  await submit(store, { ada, from: 'ada@example.test', to: ['z@two.test'] })
  const later = () => sendAll(store, () => ({ kind: 'deferred', nextTryAt: Date.now() + 3_600_000 }))
  await later()
  const due = async () => {
    const claimed = await store.outbox.claim({ owner, limit: 100, leaseMs: 60_000 })
    await store.outbox.release(owner)
    return claimed.map(({ recipient }) => recipient).sort()
  }
  expect(await due()).toEqual([])
  expect((await ask('queue', 'retry', first)).said).toEqual({ of: first, recipients: 1 })
  expect(await due()).toEqual(['x@one.test'])
  await later()
  expect(await text('queue', 'retry', '--all-of', 'TWO.test')).toContain('2 recipients of two.test will be tried again')
  expect(await due()).toEqual(['y@two.test', 'z@two.test'])
  expect(await text('queue', 'retry', '--all-of', 'three.test')).toBe('Nothing of three.test waits.\n')
  expect((await ask('queue', 'retry')).error).toMatchObject({ name: 'usage' })
  expect((await ask('queue', 'retry', first, '--all-of', 'two.test')).error).toMatchObject({ name: 'usage' })
  expect((await ask('queue', 'retry', 'nothing')).error).toMatchObject({ name: 'not_found' })
  const { data } = (await ask('audit', 'list', '--object', first)).said as unknown as { data: object[] }
  const tenant = expect.stringMatching(/^ten_/)
  expect(data).toMatchObject([{ action: 'queue.retry', actor: 'operator', tenant, detail: { recipients: 1 } }])
})

test('a submission is given up, but for what is being sent', async () => {
  const { ask, text, store, ada } = await queue()
  const id = await submit(store, { ada, from: 'ada@example.test', to: ['x@one.test', 'y@two.test'] })
  await store.outbox.claim({ owner, limit: 1, leaseMs: 60_000 })
  expect((await ask('queue', 'cancel', id)).said).toEqual({ id, cancelled: 1, in_flight: 1 })
  expect(await text('queue', 'show', id)).toMatch(/sending.*cancelled/s)
  expect((await ask('queue', 'cancel', 'nothing')).error).toMatchObject({ name: 'not_found' })
  const { data } = (await ask('audit', 'list', '--object', id)).said as unknown as { data: object[] }
  expect(data).toMatchObject([{ action: 'queue.cancel', detail: { cancelled: 1, inFlight: 1 } }])
})

test('explain says of an address where its mail goes and why', async () => {
  const { ask, text, env, store, ada } = await queue()
  const { directory } = store
  const dns = await nameServer({
    'MX two.test': ['20 second.two.test', '10 First.two.test'],
    'MX null.test': ['0 .'],
  })
  env.POSTERN_DNS_SERVERS = dns.server
  const bob = await directory.createInbox({ domain: ada.domain, address: 'bob@example.test', by })
  await directory.updateInbox(bob.id, { disabled: true, by })
  const add = async (name: string, more: object) => {
    const domain = await directory.createDomain({ environment: ada.environment, name, ...more, by })
    await directory.markDomainVerified(domain.id, { how: 'operator', by })
    return domain
  }
  await add('all.test', { catchAll: true })
  await add('sealed.test', { mode: 'encrypted', catchAll: true, settings: { publicKey: 'k' } })
  const blind = await add('blind.test', { mode: 'zero-retention' })
  await directory.createInbox({ domain: blind.id, address: 'x@blind.test', by })
  const explained = async (...words: string[]) => {
    const { said, error } = await ask('queue', 'explain', ...words)
    return { error, ...(said as unknown as { recipients: Record<string, unknown>[] }).recipients?.[0] }
  }
  const refused = { goes: 'refused', next_hops: [] }
  expect(await explained('ada+x@example.test')).toMatchObject({
    goes: 'here',
    why: expect.stringContaining('the inbox ada@example.test'),
  })
  expect(await explained('any@all.test')).toMatchObject({
    goes: 'here',
    why: expect.stringContaining('is made for it'),
  })
  expect(await explained('carl@example.test')).toMatchObject({ ...refused, refusal: '550 5.1.1' })
  expect(await explained('bob@example.test')).toMatchObject({ ...refused, refusal: '550 5.2.1' })
  expect(await explained('x@blind.test')).toMatchObject({ ...refused, refusal: '550 5.2.1' })
  await ask('domain', 'sink', 'blind.test', 'https://hooks.example.net/mail')
  expect(await explained('x@blind.test')).toMatchObject({ goes: 'leaves', route: 'the sink of blind.test' })
  expect(await explained('x@sealed.test')).toMatchObject({ goes: 'here', why: expect.stringContaining('encrypted') })
  expect(await explained('x@two.test')).toMatchObject({ ...refused, refusal: '550 5.4.4', because: 'unset' })
  expect(await text('queue', 'explain', 'x@two.test')).toMatch(
    /nowhere: the client is told 550 5\.4\.4.*To do +Set POSTERN_ROUTE/s,
  )
  await ask('inbox', 'route', 'ada@example.test', 'smtp://me:hunter22@relay.example.net')
  await ask('domain', 'route', 'example.test', 'direct')
  expect(await explained('x@two.test', '--from', 'ada+notes@example.test')).toMatchObject({
    ...{ goes: 'leaves', route: 'smtp://me:***@relay.example.net:587', because: 'inbox', refusal: null },
    next_hops: ['relay.example.net port 587'],
  })
  const from = ['--from', 'bob@example.test']
  expect(await explained('x@two.test', ...from)).toMatchObject({
    ...{ goes: 'leaves', route: 'direct', because: 'domain' },
    next_hops: ['first.two.test port 25', 'second.two.test port 25'],
  })
  expect(await explained('x@null.test', ...from)).toMatchObject({
    next_hops: [],
    why: expect.stringContaining('null MX'),
  })
  expect(await explained('x@bare.test', ...from)).toMatchObject({ next_hops: ['bare.test port 25'] })
  expect(await explained('x@[192.0.2.1]', ...from)).toMatchObject({ next_hops: ['[192.0.2.1] port 25'] })
  expect(await text('queue', 'explain', 'x@two.test', ...from)).toContain('No gateway with the role relay runs')
  env.POSTERN_ROUTE = 'ses://AKIAIOSFODNN7EXAMPLE:hunter22@eu-central-1'
  expect(await explained('x@two.test')).toMatchObject({ because: 'setting', next_hops: ['Amazon SES in eu-central-1'] })
  env.POSTERN_ROUTE = 'resend://hunter22'
  expect(await text('queue', 'explain', 'x@two.test')).toMatch(/resend:\/\/\*\*\*, the route of POSTERN_ROUTE/)
  dns.isDead = true
  expect(await explained('x@two.test', ...from)).toMatchObject({
    why: expect.stringContaining('No name server answered'),
  })
  expect((await explained('x@two.test', '--from', 'ada')).error).toMatchObject({ name: 'usage' })
})

test('explain says of a submission what becomes next of each recipient', async () => {
  const { ask, text, env, store, ada } = await queue()
  env.POSTERN_ROUTE = 'smtps://relay.example.net'
  const id = await submit(store, { ada, from: 'ada@example.test', to: ['x@one.test', 'y@two.test', 'z@three.test'] })
  await sendAll(store, (recipient) => {
    if (recipient === 'x@one.test') return { kind: 'failed', code: '550', text: 'nobody here' }
    return { kind: 'deferred', nextTryAt: recipient === 'y@two.test' ? Date.UTC(2030, 0, 1) : 1 }
  })
  const { said } = await ask('queue', 'explain', id)
  expect(said).toMatchObject({
    ...{ id, from: 'ada@example.test', relay_runs: false },
    recipients: [
      { recipient: 'x@one.test', state: 'failed', last_answer: { code: '550' } },
      { recipient: 'y@two.test', state: 'waiting', goes: 'leaves', next_try_at: '2030-01-01T00:00:00.000Z' },
      { recipient: 'z@three.test', state: 'waiting', because: 'setting', next_hops: ['relay.example.net port 465'] },
    ],
  })
  const shown = await text('queue', 'explain', id)
  expect(shown).toMatch(/To +x@one\.test\nState +failed\nLast answer +550 nobody here\n\n/)
  expect(shown).toMatch(
    /To +z@three\.test\nState +waiting\nGoes +out by smtps:.*\nNext .*\nWhy .*\nWhen +due since 1970/,
  )
  await ask('domain', 'route', 'example.test', 'none')
  expect(await text('queue', 'explain', id)).toMatch(
    /Goes +nowhere: it waits for a route\n.*\n.*\nTo do +Set POSTERN_ROUTE/,
  )
  const strayed = await submit(store, { ada, from: 'ada@example.test', to: ['carl@example.test'] })
  expect(await text('queue', 'explain', strayed)).toContain('nowhere: it will be returned')
  expect((await ask('queue', 'explain', id, '--from', 'ada@example.test')).error).toMatchObject({ name: 'usage' })
  expect((await ask('queue', 'explain', 'nothing')).error).toMatchObject({ name: 'not_found' })
})
