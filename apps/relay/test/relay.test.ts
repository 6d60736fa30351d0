// The relay's loop on a real store: what becomes of each recipient, when, and what the sender hears of it.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CannotSeal, type ClearText } from '../src/index.js'
import { type Answer, type Bench, gate, later, makeBench, message, refusedAnswer, taken, until } from './bench.js'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

let bench: Bench
beforeEach(async () => {
  bench = await makeBench()
})
afterEach(() => bench.destroy())

const settled = (queueId: string): Promise<void> =>
  until(async () => (await bench.store.outbox.get(queueId)).closedAt !== undefined)
const attempts = (queueId: string, times: number): Promise<void> =>
  until(async () =>
    (await bench.recipients(queueId)).every(({ attempts, state }) => attempts === times && state === 'waiting'),
  )
/** The next try of what waits, at its time. */
async function nextTry(queueId: string): Promise<void> {
  const [first] = await bench.recipients(queueId)
  bench.clock.now = Math.max(bench.clock.now, first?.nextTryAt ?? 0)
  bench.doorbell.ring({ outbox: 'due' })
}
const events = (): unknown[] => bench.lines.flatMap(({ log, msg, to }) => (log === 'mail' ? [`${msg} ${to}`] : []))

describe('what becomes of a recipient', () => {
  test.each([
    ['TLS-Required: No\r\n', false, true],
    ['tls-required:\r\n no\r\n', false, true],
    ['TLS-Required: No\r\n', true, false],
    ['TLS-Required: yes\r\n', false, false],
    ['', false, false],
  ])('%j, REQUIRETLS %s: rather in clear than not at all: %s', async (field, requireTls, tlsOptional) => {
    await bench.relay()
    await settled(await bench.submit(['r@remote.test'], { text: `${field}${message}`, requireTls }))
    expect(bench.carried).toMatchObject([{ parcel: { requireTls, tlsOptional } }])
  })

  test('it is delivered at once, with its envelope', async () => {
    await bench.relay({ pollMs: 60_000 })
    const queueId = await bench.submit(
      [{ address: 'R@Remote.test', notify: 'FAILURE', originalRecipient: 'rfc822;R@Remote.test' }],
      { ret: 'hdrs', envelopeId: 'e1', requireTls: true, body: '8bitmime' },
    )
    await settled(queueId)
    expect(await bench.recipients(queueId)).toMatchObject([
      {
        state: 'delivered',
        attempts: 1,
        lastCode: '250 2.0.0',
        lastText: 'Ok',
        lastRemote: 'mx.remote.test [192.0.2.1]',
      },
    ])
    expect(bench.carried).toMatchObject([
      {
        parcel: {
          ...{ queueId, sender: 'ada@example.test', ret: 'hdrs', envelopeId: 'e1', requireTls: true, body: '8bitmime' },
          recipients: [
            {
              address: 'R@Remote.test',
              domain: 'remote.test',
              notify: 'FAILURE',
              originalRecipient: 'rfc822;R@Remote.test',
            },
          ],
        },
      },
    ])
    expect(bench.carried[0]?.text).toMatch(/^From: Ada/)
    await until(() => events().join() === 'delivered R@Remote.test')
    expect(await bench.inbox(bench.ada.id)).toEqual([])
  })

  test('recipients of one submission go together to one host, and apart to several domains', async () => {
    const to = ['a@one.test', 'b@two.test', 'c@one.test']
    await bench.relay()
    await settled(await bench.submit(to))
    const parcels = () =>
      bench.carried.map(({ parcel }) => parcel.recipients.map(({ address }) => address).join()).sort()
    expect(parcels()).toEqual(['a@one.test,c@one.test', 'b@two.test'])
    bench.carried.length = 0
    bench.remote.route = {
      ...{ kind: 'smart-host', host: 'out.test', port: 587, tls: 'required' },
      ...{ user: undefined, secret: undefined },
    }
    await settled(await bench.submit(to))
    expect(parcels()).toEqual([to.join()])
  })

  test('5xx fails at once, and the sender finds a notification in the INBOX', async () => {
    bench.remote.answer = () => refusedAnswer
    await bench.relay()
    const queueId = await bench.submit(['gone@remote.test'])
    await settled(queueId)
    expect(await bench.recipients(queueId)).toMatchObject([{ state: 'failed', attempts: 1, lastCode: '550 5.1.1' }])
    expect(await bench.inbox(bench.ada.id)).toMatchObject([expect.stringContaining('Action: failed')])
    await until(() => events().join() === 'failed gone@remote.test,bounced ada@example.test')
  })

  test('4xx is tried again, later and later, for five days; then the sender is told', async () => {
    bench.remote.answer = () => later
    await bench.relay()
    const queueId = await bench.submit(['r@remote.test'])
    const start = bench.clock.now
    const waits: number[] = []
    for (let n = 1; ; n++) {
      await until(async () =>
        (await bench.recipients(queueId)).some(({ attempts, state }) => attempts === n && state !== 'leased'),
      )
      const [recipient] = await bench.recipients(queueId)
      if (recipient?.state !== 'waiting') break
      expect(await bench.inbox(bench.ada.id)).toEqual([])
      waits.push((recipient.nextTryAt - bench.clock.now) / minuteMs)
      await nextTry(queueId)
    }
    expect(waits.slice(0, 9)).toEqual([2, 4, 8, 16, 32, 64, 128, 240, 240])
    expect(bench.clock.now - start).toBe(5 * 24 * hourMs)
    expect(await bench.recipients(queueId)).toMatchObject([{ state: 'failed', lastText: 'Try later' }])
    const [notice] = await bench.inbox(bench.ada.id)
    expect(notice).toMatch(/Status: 4\.4\.7\r\n/)
    expect(notice).toContain('Diagnostic-Code: smtp; 450 Try later')
    await until(() => events().slice(-2).join() === 'expired r@remote.test,bounced ada@example.test')
  })

  test('each recipient of a parcel has an answer of its own', async () => {
    bench.remote.answer = ({ address }) =>
      address.startsWith('a') ? taken : address.startsWith('b') ? refusedAnswer : later
    await bench.relay()
    const queueId = await bench.submit(['a@remote.test', 'b1@remote.test', 'b2@remote.test', 'c@remote.test'])
    await until(async () => (await bench.states(queueId)).join() === 'delivered,failed,failed,waiting')
    await until(async () => (await bench.inbox(bench.ada.id)).length === 1)
    const [notice] = await bench.inbox(bench.ada.id)
    expect(notice?.match(/Final-Recipient: .*(?=\r)/g)).toEqual([
      'Final-Recipient: rfc822; b1@remote.test',
      'Final-Recipient: rfc822; b2@remote.test',
    ])
  })

  test('what the other side asks to wait is waited', async () => {
    bench.remote.answer = () => ({ ...later, retryAfterMs: hourMs })
    await bench.relay()
    const queueId = await bench.submit(['r@remote.test'])
    await attempts(queueId, 1)
    expect(await bench.recipients(queueId)).toMatchObject([{ nextTryAt: bench.clock.now + hourMs }])
  })

  test('too many Received fields: it goes round in circles, and fails', async () => {
    const circle = (times: number) => `${'Received: from a by b\r\n'.repeat(times)}Subject: loop\r\n\r\n`
    await bench.relay()
    const long = await bench.submit(['r@remote.test'], { text: circle(101) })
    await settled(long)
    expect(await bench.states(long)).toEqual(['delivered'])
    bench.carried.length = 0
    const queueId = await bench.submit(['r@remote.test'], { text: circle(102) })
    await settled(queueId)
    expect(bench.carried).toEqual([])
    expect(await bench.recipients(queueId)).toMatchObject([{ state: 'failed', lastCode: '554 5.4.6' }])
    expect(await bench.inbox(bench.ada.id)).toMatchObject([expect.stringContaining('Status: 5.4.6')])
  })

  test('a host that nobody could reach is left alone for a while, and its mail is deferred', async () => {
    bench.remote.answer = () => ({ kind: 'deferred', status: '4.4.1', text: 'connection refused' })
    await bench.relay()
    const first = await bench.submit(['a@remote.test'])
    await attempts(first, 1)
    const second = await bench.submit(['b@remote.test'])
    await attempts(second, 1)
    expect(bench.carried).toHaveLength(1)
    expect(await bench.recipients(second)).toMatchObject([
      { lastText: 'Not tried, since a moment ago: connection refused' },
    ])
    bench.remote.answer = () => taken
    await nextTry(second)
    await settled(second)
    expect(bench.carried.at(-1)?.parcel.queueId).toBe(second)
  })

  test.each<[string, Answer, boolean]>([
    ['says nothing but 421', { ...later, code: '421' }, true],
    ['takes no login', { ...later, code: '535', status: '4.7.0' }, true],
    ['greylists', later, false],
    ['falls silent in the middle', { kind: 'deferred', text: 'silence', remote: 'mx.remote.test' }, false],
  ])('one that %s', async (_, answer, isLeftAlone) => {
    bench.remote.answer = () => answer
    await bench.relay()
    await attempts(await bench.submit(['a@remote.test']), 1)
    await attempts(await bench.submit(['b@remote.test']), 1)
    expect(bench.carried).toHaveLength(isLeftAlone ? 1 : 2)
  })

  test('a route that was taken away: it waits, and the queue says why', async () => {
    bench.remote.route = { kind: 'none' }
    await bench.relay()
    const queueId = await bench.submit(['r@remote.test'])
    await attempts(queueId, 1)
    const [waiting] = await bench.recipients(queueId)
    expect(waiting).toMatchObject({ lastCode: '4.4.4', lastText: expect.stringContaining('There is no route') })
    bench.remote.route = { kind: 'direct', port: 25 }
    await nextTry(queueId)
    await settled(queueId)
    expect(await bench.states(queueId)).toEqual(['delivered'])
  })

  test('what is cancelled while it is sent is not tried again', async () => {
    const { opened, open } = gate()
    bench.remote.answer = () => opened.then(() => later)
    await bench.relay()
    const queueId = await bench.submit(['r@remote.test'])
    await until(() => bench.carried.length === 1)
    expect(await bench.store.outbox.cancel(queueId)).toEqual({ cancelled: 0, inFlight: 1 })
    open()
    await settled(queueId)
    expect(await bench.states(queueId)).toEqual(['cancelled'])
  })

  test('it leaves with the signatures of its domain', async () => {
    const { generateKeyPairSync } = await import('node:crypto')
    bench.remote.keys = [
      { selector: 'r1', privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey },
      { selector: 'e1', privateKey: generateKeyPairSync('ed25519').privateKey },
    ]
    await bench.relay()
    await settled(await bench.submit(['r@remote.test']))
    expect(bench.carried[0]?.text.match(/ s=\w+;/g)).toEqual([' s=r1;', ' s=e1;'])
    expect(bench.carried[0]?.text).toContain(' d=example.test;')
  })
})

describe('recipients on this gateway', () => {
  const bob = () => ({ address: 'bob@example.test', local: { account: bench.bob.id } })

  test('one that was over quota is delivered when there is room again', async () => {
    await bench.store.directory.updateInbox(bench.bob.id, { quotaBytes: 3 })
    const queueId = await bench.submit([bob()])
    await bench.relay()
    await attempts(queueId, 1)
    expect(await bench.recipients(queueId)).toMatchObject([{ lastCode: '4.2.2' }])
    await bench.store.directory.updateInbox(bench.bob.id, { quotaBytes: null })
    await nextTry(queueId)
    await settled(queueId)
    expect(await bench.inbox(bench.bob.id)).toMatchObject([expect.stringContaining('Hello')])
    expect(bench.carried).toEqual([])
  })

  test('one that stays over quota comes back with 5.2.2', async () => {
    await bench.store.directory.updateInbox(bench.bob.id, { quotaBytes: 3 })
    const queueId = await bench.submit([bob()])
    bench.clock.now += 5 * 24 * hourMs
    await bench.relay()
    await settled(queueId)
    expect(await bench.inbox(bench.ada.id)).toMatchObject([expect.stringContaining('Status: 5.2.2')])
    expect(await bench.inbox(bench.bob.id)).toEqual([])
  })

  test('an address that has become local is delivered here, one that is none fails', async () => {
    await bench.relay()
    const queueId = await bench.submit(['bob@example.test', 'nobody@example.test', 'r@remote.test'])
    await settled(queueId)
    expect(await bench.states(queueId)).toEqual(['delivered', 'failed', 'delivered'])
    expect(await bench.inbox(bench.bob.id)).toHaveLength(1)
    expect(await bench.inbox(bench.ada.id)).toMatchObject([expect.stringContaining('nobody@example.test')])
  })

  const upperCased = async (account: number, text: ClearText): Promise<AsyncIterable<Uint8Array> | undefined> => {
    if (account !== bench.bob.id) return undefined
    return (async function* () {
      const pieces: Buffer[] = []
      for await (const piece of text.read()) pieces.push(piece)
      const [header] = pieces
      expect(header).toEqual(text.header)
      yield Buffer.from(Buffer.concat(pieces).toString().toUpperCase())
    })()
  }

  test.each([
    ['a small message', 'Subject: x\r\n\r\nHello\r\n'],
    ['a large one', `Subject: x\r\n\r\n${'Hello there.\r\n'.repeat(20_000)}`],
    ['a header alone', 'Subject: x\r\n\r\n'],
  ])('an inbox that keeps its mail encrypted gets the encrypted text: of %s', async (_, text) => {
    bench.remote.sealFor = upperCased
    await bench.relay()
    const queueId = await bench.submit(['bob@example.test', 'ada@example.test'], { text })
    await settled(queueId)
    expect(await bench.inbox(bench.bob.id)).toEqual([text.toUpperCase()])
    expect(await bench.inbox(bench.ada.id)).toEqual([text])
    expect(await bench.store.maintenance.verify()).toEqual([])
  })

  test('where nothing can be encrypted for the inbox now, it waits', async () => {
    bench.remote.sealFor = async () => {
      throw new CannotSeal('Mail for bob@example.test cannot be encrypted now')
    }
    await bench.relay()
    const queueId = await bench.submit(['bob@example.test'])
    await attempts(queueId, 1)
    expect(await bench.recipients(queueId)).toMatchObject([{ state: 'waiting', lastCode: '4.7.5' }])
    expect(await bench.inbox(bench.bob.id)).toEqual([])
  })

  test('what the sender is told is encrypted as well', async () => {
    bench.remote.sealFor = (account, text) => upperCased(account === bench.ada.id ? bench.bob.id : 0, text)
    bench.remote.answer = () => ({ kind: 'failed', code: '550', status: '5.1.1', text: 'No such user' })
    await bench.relay()
    await settled(await bench.submit(['r@remote.test']))
    const [notice = '', ...others] = await bench.inbox(bench.ada.id)
    expect(others).toEqual([])
    expect(notice).toMatch(/^RETURN-PATH: <>\r\n.*\r\n\r\n.*NO SUCH USER/s)
    expect(notice).not.toMatch(/[a-z]/)
  })

  test('who asked to hear of success hears that it was delivered', async () => {
    await bench.relay()
    const queueId = await bench.submit([{ address: 'bob@example.test', notify: 'SUCCESS' }])
    await settled(queueId)
    expect(await bench.inbox(bench.ada.id)).toMatchObject([expect.stringMatching(/Action: delivered\r\n/)])
  })
})

describe('what the sender is told', () => {
  test.each<[notify: string | undefined, action: RegExp | undefined]>([
    [undefined, /Action: failed/],
    ['FAILURE', /Action: failed/],
    ['success,failure', /Action: failed/],
    ['NEVER', undefined],
    ['SUCCESS', undefined],
    ['DELAY', undefined],
  ])('of a failure with NOTIFY=%s', async (notify, action) => {
    bench.remote.answer = () => refusedAnswer
    await bench.relay()
    await settled(await bench.submit([{ address: 'r@remote.test', notify }]))
    expect(await bench.inbox(bench.ada.id)).toMatchObject(action === undefined ? [] : [expect.stringMatching(action)])
  })

  test.each<[relaysDsn: boolean, notices: number]>([
    [false, 1],
    [true, 0],
  ])('of success where the next hop takes that over: %s', async (relaysDsn, notices) => {
    bench.remote.answer = () => ({ ...taken, kind: 'delivered', relaysDsn })
    await bench.relay()
    await settled(await bench.submit([{ address: 'r@remote.test', notify: 'SUCCESS' }]))
    const told = await bench.inbox(bench.ada.id)
    expect(told).toHaveLength(notices)
    if (notices > 0) expect(told[0]).toMatch(/Action: relayed\r\n/)
  })

  test('of a delay after four hours, once, and only who asked', async () => {
    bench.remote.answer = () => later
    await bench.relay()
    const asked = await bench.submit([{ address: 'r@remote.test', notify: 'DELAY,FAILURE' }])
    const silent = await bench.submit(['s@other.test'])
    const start = bench.clock.now
    for (let n = 1; bench.clock.now < start + 9 * hourMs; n++) {
      await attempts(asked, n)
      expect(await bench.inbox(bench.ada.id)).toHaveLength(bench.clock.now - start >= 4 * hourMs ? 1 : 0)
      await nextTry(asked)
    }
    const [notice] = await bench.inbox(bench.ada.id)
    expect(notice).toMatch(/Action: delayed\r\n/)
    expect(notice).toMatch(/Will-Retry-Until: /)
    expect(notice).not.toContain('s@other.test')
    expect(await bench.states(silent)).toEqual(['waiting'])
  })

  test('nothing of a message without a sender, and it is no loop', async () => {
    bench.remote.answer = () => refusedAnswer
    await bench.relay()
    const queueId = await bench.submit([{ address: 'r@remote.test', notify: 'FAILURE' }], { sender: '' })
    await settled(queueId)
    expect(await bench.states(queueId)).toEqual(['failed'])
    expect(await bench.inbox(bench.ada.id)).toEqual([])
  })

  test('nobody where no INBOX may take it; the log says so', async () => {
    bench.remote.answer = () => refusedAnswer
    bench.remote.notices = false
    await bench.relay()
    await settled(await bench.submit(['r@remote.test'], { account: undefined }))
    expect(bench.lines).toContainEqual(
      expect.objectContaining({ msg: 'the sender has no INBOX here that could be told' }),
    )
  })

  test('is heard at the doorbell', async () => {
    bench.remote.answer = () => refusedAnswer
    const inbox = await bench.store.account(bench.ada.id).mailbox('INBOX')
    let rings = 0
    bench.doorbell.listen(inbox?.id as number, () => {
      rings++
    })
    await bench.relay()
    await settled(await bench.submit(['r@remote.test']))
    await until(() => rings === 1)
  })
})

describe('trouble', () => {
  test('a disk that is full when the report is written: it is written later, and nothing is sent twice', async () => {
    await bench.relay({ reportAgainMs: 20 })
    bench.remote.answer = ({ address }) => {
      bench.fault.on = 'commit'
      return address.startsWith('a') ? taken : refusedAnswer
    }
    const queueId = await bench.submit(['a@remote.test', 'b@remote.test'])
    await until(() => bench.lines.some(({ msg }) => msg === 'what became of a recipient could not be written down yet'))
    bench.fault.on = undefined
    await settled(queueId)
    expect(await bench.states(queueId)).toEqual(['delivered', 'failed'])
    expect(bench.carried).toHaveLength(1)
    expect(await bench.inbox(bench.ada.id)).toHaveLength(1)
  })

  test('leases are renewed while a remote takes its time', async () => {
    const { opened, open } = gate()
    bench.remote.answer = () => opened.then(() => taken)
    await bench.relay({ leaseMs: 120 })
    const queueId = await bench.submit(['r@remote.test'])
    await until(() => bench.carried.length === 1)
    for (let n = 0; n < 10; n++) {
      bench.clock.now += 30
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(await bench.store.outbox.claim({ owner: 'other', limit: 1, leaseMs: 1_000 })).toEqual([])
    }
    open()
    await settled(queueId)
    expect(bench.carried).toHaveLength(1)
  })

  test('what another relay has taken over is not sent any more, and not reported', async () => {
    const { opened, open } = gate()
    bench.remote.answer = () => opened.then(() => taken)
    await bench.relay({ leaseMs: 300, pollMs: 60_000 })
    const queueId = await bench.submit(['r@remote.test'])
    await until(() => bench.carried.length === 1)
    bench.clock.now += 300
    const [stolen] = await bench.store.outbox.claim({ owner: 'other', limit: 1, leaseMs: 60_000 })
    await until(() => bench.remote.signals[0]?.aborted === true)
    open()
    await bench.store.outbox.report({ id: stolen?.id as number, owner: 'other', outcome: { kind: 'failed' } })
    expect(await bench.states(queueId)).toEqual(['failed'])
  })

  test('a message whose bytes are gone waits, and the log says so', async () => {
    bench.remote.answer = () => {
      throw new Error('unreadable')
    }
    await bench.relay()
    const queueId = await bench.submit(['r@remote.test'])
    await attempts(queueId, 1)
    expect(await bench.recipients(queueId)).toMatchObject([{ lastCode: '4.3.0' }])
    expect(bench.lines).toContainEqual(expect.objectContaining({ msg: 'a message could not be sent' }))
  })
})

describe('stopping', () => {
  test('a drain waits for what is under way and gives back what is not', async () => {
    const { opened, open } = gate()
    bench.remote.answer = () => opened.then(() => taken)
    const relay = await bench.relay({ parallelPerDomain: 1 })
    const first = await bench.submit(['a@remote.test'])
    await until(() => bench.carried.length === 1)
    const second = await bench.submit(['b@remote.test'])
    await until(async () => (await bench.states(second)).join() === 'leased')
    const drained = relay.drain()
    await until(async () => (await bench.states(second)).join() === 'waiting')
    open()
    await drained
    expect([await bench.states(first), await bench.states(second)]).toEqual([['delivered'], ['waiting']])
    expect(await bench.recipients(second)).toMatchObject([{ attempts: 0 }])
    expect(bench.carried).toHaveLength(1)
  })

  test('a close ends what is under way; it counts for nothing, and the next relay sends it', async () => {
    bench.remote.answer = () => new Promise(() => {})
    const relay = await bench.relay()
    const queueId = await bench.submit(['r@remote.test'])
    await until(() => bench.carried.length === 1)
    await relay.close()
    expect(await bench.recipients(queueId)).toMatchObject([{ state: 'waiting', attempts: 0 }])
    bench.remote.answer = () => taken
    await bench.relay()
    await settled(queueId)
    expect(bench.carried).toHaveLength(2)
  })

  test('settled submissions are forgotten after a week', async () => {
    const relay = await bench.relay()
    const queueId = await bench.submit(['r@remote.test'])
    await settled(queueId)
    await relay.close()
    bench.clock.now += 7 * 24 * hourMs + 1
    await bench.relay()
    await until(async () => (await bench.store.outbox.list()).items.length === 0)
  })
})
