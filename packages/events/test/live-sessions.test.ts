/** The list of a process's clients: filters, pages that hold while clients come and go, and ends. */
import { expect, test } from 'vitest'
import { type LiveSession, LiveSessions, sessionsPerPageMax } from '../src/index.js'

const session = (n: number, more: Partial<LiveSession> = {}): LiveSession => ({
  ...{
    id: `s${n}`,
    protocol: 'imap',
    door: 'imaps',
    address: 'a@example.test',
    credential: { id: 'cred_1', label: 'x' },
  },
  ...{ clientAddress: '192.0.2.1', client: undefined, since: 1_000_000 + n, mailbox: 'INBOX', doing: 'IDLE' },
  ...more,
})

function process(sessions: LiveSession[]) {
  const all = new Map(sessions.map((one) => [one.id, one]))
  const live = new LiveSessions()
  live.add(() => ({ live: () => all.values(), endSession: (id) => all.delete(id) }))
  live.add(() => undefined)
  return { all, live }
}

const ids = (sessions: readonly LiveSession[]) => sessions.map(({ id }) => id)

test('a filter names what has to be so', () => {
  const { live } = process([
    session(1),
    session(2, { address: 'b@example.test', credential: { id: 'cred_2', label: 'y' } }),
    session(3, { protocol: 'smtp', credential: undefined }),
  ])
  expect(ids(live.page({}).sessions)).toEqual(['s1', 's2', 's3'])
  expect(ids(live.page({ address: 'b@example.test' }).sessions)).toEqual(['s2'])
  expect(ids(live.page({ credential: 'cred_1' }).sessions)).toEqual(['s1'])
  expect(ids(live.page({ protocol: 'smtp', address: 'a@example.test' }).sessions)).toEqual(['s3'])
  expect(live.page({ id: 's9' })).toEqual({ sessions: [], next: undefined })
})

test('pages are in the order in which sessions began, and hold while others come and go', () => {
  const count = sessionsPerPageMax + 3
  const { all, live } = process(Array.from({ length: count }, (_, n) => session(n)).reverse())
  const first = live.page({})
  expect(first.sessions).toHaveLength(sessionsPerPageMax)
  expect(first.next).toBeDefined()
  all.delete(first.sessions.at(-1)!.id)
  all.set('late', session(0, { id: 'late', since: 2_000_000 }))
  const second = live.page({}, { after: first.next })
  expect(ids(second.sessions)).toEqual([`s${count - 3}`, `s${count - 2}`, `s${count - 1}`, 'late'])
  expect(second.next).toBeUndefined()
})

test('what is ended is told once, and nobody else is', () => {
  const { all, live } = process([session(1), session(2, { credential: { id: 'cred_2', label: 'y' } })])
  expect(ids(live.end({ credential: 'cred_2' }))).toEqual(['s2'])
  expect(live.end({ credential: 'cred_2' })).toEqual([])
  expect([...all.keys()]).toEqual(['s1'])
})
