/** Sessions end when what let them in is taken back (contract B4), and the others go on. */
import { expect, test } from 'vitest'
import { type Admitted, type Cause, LiveAdmissions } from '../src/index.js'
import { asked, now0, Town } from './town.js'

function setUp() {
  const town = new Town()
  const gate = town.gate()
  const errors: unknown[] = []
  const live = new LiveAdmissions({ gate, onError: (error) => void errors.push(error), clock: () => town.now })
  const come = async (secret: string, user = 'alice@example.test') => {
    const since = live.mark()
    const admitted = (await gate.ask(asked(secret, { user }))) as Admitted
    expect(admitted.admitted).toBe(true)
    const ended: Cause[] = []
    const leave = live.enter(admitted, { since, end: (cause) => void ended.push(cause) })
    return { ended, leave, admitted, since }
  }
  return { town, live, errors, come }
}

type World = ReturnType<typeof setUp>['town']
type Made = ReturnType<World['credential']>

test.each<[Cause, string, (town: World, made: Made) => unknown]>([
  ['credential revoked', 'credential', (_, { credential }) => Object.assign(credential, { revokedAt: now0 })],
  ['credential disabled', 'credential', (_, { credential }) => Object.assign(credential, { disabled: true })],
  ['credential expired', 'credential', (_, { credential }) => Object.assign(credential, { expiresAt: now0 })],
  ['scope missing', 'credential', (_, { credential }) => Object.assign(credential, { scopes: ['smtp'] })],
  ['scope changed', 'credential', (_, { credential }) => Object.assign(credential, { scopes: ['imap:read'] })],
  ['network not allowed', 'credential', (_, { credential }) => Object.assign(credential, { networks: ['10.0.0.0/8'] })],
  [
    'address not granted',
    'credential',
    (_, { credential }) => Object.assign(credential, { grants: ['bob@example.test'] }),
  ],
  ['unknown secret', 'credential', (town, { publicPart }) => void town.secrets.delete(publicPart)],
  ['secret expired', 'credential', (_, { found }) => Object.assign(found, { expiresAt: now0 })],
  ['inbox disabled', 'inbox', (town) => void town.inbox('alice@example.test', { disabled: true })],
  ['no such user', 'inbox', (town) => void town.inboxes.delete('alice@example.test')],
  ['domain not verified', 'domain', (town) => void town.domain('example.test', { verifiedAt: undefined })],
  ['domain keeps no mail', 'domain', (town) => void town.domain('example.test', { mode: 'zero-retention' })],
])("%s: the session ends, and nobody else's", async (cause, what, change) => {
  const { town, live, come } = setUp()
  const made = town.credential()
  const session = await come(made.secret)
  const other = await come(town.credential({ inbox: 2, grants: ['bob@example.test'] }).secret, 'bob@example.test')
  const ids = { credential: made.credential.publicId, inbox: 'inb_alice@example.test', domain: 'dom_example.test' }
  change(town, made)
  expect(session.ended).toEqual([])
  await live.changed(ids[what as keyof typeof ids])
  expect(session.ended).toEqual([cause])
  expect(other.ended).toEqual(what === 'domain' ? [cause] : [])
  expect(live.size).toBe(what === 'domain' ? 0 : 1)
  await live.changed(ids[what as keyof typeof ids])
  expect(session.ended, 'once').toHaveLength(1)
})

test("what doesn't concern it leaves it alone: another label, another secret beside, another credential", async () => {
  const { town, live, come } = setUp()
  const made = town.credential()
  const { ended } = await come(made.secret)
  for (const id of [made.credential.publicId, 'inb_alice@example.test', 'dom_example.test', 'cred_other'])
    await live.changed(id)
  expect(ended).toEqual([])
})

test('of rotation: with an overlap the session ends when the overlap does', async () => {
  const { town, live, come } = setUp()
  const made = town.credential()
  const { ended } = await come(made.secret)
  made.found.expiresAt = now0 + 60_000
  await live.changed(made.credential.publicId)
  live.tick()
  expect(ended).toEqual([])
  town.now += 60_000
  live.tick()
  await expect.poll(() => ended).toEqual(['secret expired'])
})

test('an expiry that was there from the start', async () => {
  const { town, live, come } = setUp()
  const { ended } = await come(town.credential({ expiresAt: now0 + 1_000 }).secret)
  town.now += 999
  live.tick()
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(ended).toEqual([])
  town.now += 1
  live.tick()
  await expect.poll(() => ended).toEqual(['credential expired'])
})

test('what changed between the question and the coming in is not missed', async () => {
  const { town, live, come } = setUp()
  const made = town.credential()
  const { admitted, since } = await come(made.secret)
  made.credential.revokedAt = now0
  await live.changed(made.credential.publicId)
  const ended: Cause[] = []
  live.enter(admitted, { since, end: (cause) => void ended.push(cause) })
  await expect.poll(() => ended).toEqual(['credential revoked'])
})

test('who has left is forgotten', async () => {
  const { town, live, come } = setUp()
  const made = town.credential()
  const { ended, leave } = await come(made.secret)
  leave()
  leave()
  made.credential.disabled = true
  await live.changed(made.credential.publicId)
  expect([ended, live.size]).toEqual([[], 0])
})

test('thousands of sessions of one domain are asked for again in pieces, and others are served in between', async () => {
  const { town, live, come } = setUp()
  const { secret } = town.credential()
  const { admitted } = await come(secret)
  let ended = 0
  const since = live.mark()
  for (let i = 0; i < 5_000; i++) live.enter(admitted, { since, end: () => void ended++ })
  town.domain('example.test', { verifiedAt: undefined })
  const turns: number[] = []
  const timer = setInterval(() => turns.push(ended), 1)
  await live.changed('dom_example.test')
  clearInterval(timer)
  expect(ended).toBe(5_000)
  expect(turns.some((at) => at > 0 && at < 5_000)).toBe(true)
})

test('a lookup that fails ends nobody, and is told', async () => {
  const { town, live, come, errors } = setUp()
  const made = town.credential()
  const { ended } = await come(made.secret)
  town.pause = () => Promise.reject(new Error('the disk'))
  await live.changed(made.credential.publicId)
  expect(ended).toEqual([])
  expect(errors).toEqual([new Error('the disk')])
})
