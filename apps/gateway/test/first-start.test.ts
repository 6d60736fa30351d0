// The first start, killed anywhere: whatever commit was its last, the next start completes it, the secrets that it shows
// work, and those that nobody was shown don't.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { mintSecret, parseSecret, verifySecret } from '@postern/auth'
import { type Directory, openStore, type Store } from '@postern/mailbox-store'
import { createLogger } from '@postern/telemetry'
import { afterEach, describe, expect, test } from 'vitest'
import { dataFolder } from '../src/data-folder.js'
import { type FirstStart, firstStart } from '../src/first-start.js'
import { createOwnerPart } from '../src/parts/owner.js'
import { credentialOf, newFolder, postern, run, started, stop } from './gateway-process.js'

const serverKey = new Uint8Array(32).fill(7)
const stores: Store[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})

async function newStore(): Promise<Store> {
  const store = await openStore({ folder: newFolder() })
  stores.push(store)
  return store
}

const begin = (directory: Directory, adminKey?: string): Promise<FirstStart | undefined> =>
  firstStart({ directory, serverKey, domain: 'example.org', adminKey, random: randomBytes })

/** A directory whose process dies when `calls` calls are answered. */
function mortal(directory: Directory, calls: number): Directory {
  let left = calls
  return new Proxy(directory, {
    get(target, name) {
      const method = Reflect.get(target, name, target) as (...words: unknown[]) => Promise<unknown>
      return async (...words: unknown[]) => {
        if (left-- <= 0) throw new Error('killed')
        return method.apply(target, words)
      }
    },
  })
}

/** Everything that the secret needs to open the door. */
async function opens(directory: Directory, secret: string): Promise<boolean> {
  const found = await directory.findSecret(parseSecret(secret)?.publicPart ?? '')
  if (!found || !verifySecret(secret, found.hash, serverKey)) return false
  return (found.expiresAt ?? Number.POSITIVE_INFINITY) > Date.now()
}

async function inventory(directory: Directory) {
  const [tenants, environments, domains, inboxes, credentials] = await Promise.all([
    directory.listTenants(),
    directory.listEnvironments(),
    directory.listDomains(),
    directory.listInboxes(),
    directory.listCredentials(),
  ])
  return {
    tenants: tenants.items.length,
    environments: environments.items.length,
    domains: domains.items.map(({ name, verifiedBy }) => `${name} ${verifiedBy}`),
    inboxes: inboxes.items.map(({ address }) => address),
    credentials: credentials.items.map(({ label }) => label),
  }
}

const whole = {
  tenants: 1,
  environments: 1,
  domains: ['example.org operator'],
  inboxes: ['me@example.org'],
  credentials: ['First app password', 'First admin key'],
}

describe.each([undefined, 'a-key-of-my-own-choice'])(
  'killed after any number of steps (admin key given: %s)',
  (given) => {
    test('the next start completes it', async () => {
      let isThrough = false
      for (let calls = 0; !isThrough; calls++) {
        const { directory } = await newStore()
        const told: FirstStart[] = []
        const dying = mortal(directory, calls)
        try {
          const first = await begin(dying, given)
          told.push(first!)
          await first!.shown()
          isThrough = true
        } catch (error) {
          expect((error as Error).message).toBe('killed')
        }
        const next = await begin(directory, given)
        expect(next === undefined, `after ${calls} calls`).toBe(isThrough)
        if (next) {
          if (told[0]?.password && next.password) expect(await opens(directory, told[0].password)).toBe(false)
          if (next.password === undefined) expect(await opens(directory, told[0]!.password!)).toBe(true)
          told.push(next)
          await next.shown()
        }
        expect(await inventory(directory)).toEqual(whole)
        const passwords = told.flatMap(({ password }) => password ?? [])
        expect(await opens(directory, passwords.at(-1)!)).toBe(true)
        if (given === undefined) expect(await opens(directory, told.at(-1)!.adminKey!)).toBe(true)
        else expect(told.every(({ adminKey }) => adminKey === undefined)).toBe(true)
        expect(await begin(directory, given)).toBeUndefined()
      }
    })
  },
)

test('what was made and never shown is replaced, however often', async () => {
  const { directory } = await newStore()
  const tries: FirstStart[] = []
  // More often than a credential remembers secrets.
  for (let i = 0; i < 15; i++) tries.push((await begin(directory))!)
  const last = tries.pop()!
  for (const { password, adminKey } of tries)
    expect([await opens(directory, password!), await opens(directory, adminKey!)]).toEqual([false, false])
  expect([await opens(directory, last.password!), await opens(directory, last.adminKey!)]).toEqual([true, true])
})

test('an inbox that the operator gave a password before the first start was through keeps it', async () => {
  const { directory } = await newStore()
  const { environment } = await directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const { id } = await directory.createDomain({ environment: environment.id, name: 'example.org' })
  const { secret, ...password } = mintSecret('app', { random: randomBytes, serverKey })
  await directory.createInbox({ domain: id, address: 'me@example.org', password })
  const first = await begin(directory)
  expect(first).toMatchObject({ inbox: 'me@example.org', password: undefined, adminKey: expect.any(String) })
  await first!.shown()
  expect(await opens(directory, secret)).toBe(true)
  expect(await begin(directory)).toBeUndefined()
})

test('it is over for good: nothing that the operator changes later brings it back', async () => {
  const { directory } = await newStore()
  await (await begin(directory))!.shown()
  const [environment] = (await directory.listEnvironments()).items
  const [tenant] = (await directory.listTenants()).items
  const [inbox] = (await directory.listInboxes()).items
  for (const { id, scopes } of (await directory.listCredentials()).items)
    if (scopes.includes('admin')) {
      await directory.updateCredential(id, { label: 'Mine' })
      await directory.revokeCredential(id)
    }
  await directory.deleteInbox(inbox!.id)
  await directory.renameEnvironment(environment!.id, { name: 'live' })
  await directory.renameTenant(tenant!.id, { name: 'us' })
  expect(await begin(directory)).toBeUndefined()
  expect(await inventory(directory)).toMatchObject({ tenants: 1, environments: 1, inboxes: [] })
})

test('a process killed at any moment of its first start leaves a folder that the next one completes', async () => {
  const dataDir = join(newFolder(), 'data')
  const env = { POSTERN_DATA_DIR: dataDir }
  const fullStart = postern(['start', '--json'], { env: { POSTERN_DATA_DIR: newFolder() } })
  const startMs = performance.now()
  await started(fullStart)
  const wholeMs = performance.now() - startMs
  await stop(fullStart)
  for (let part = 4; part <= 10; part++) {
    const victim = postern(['start', '--json'], { env })
    await new Promise((resolve) => setTimeout(resolve, (wholeMs * part) / 10.5))
    victim.child.kill('SIGKILL')
    await victim.ended
    if (victim.stdout().includes('"firstStart"')) break
  }
  const survivor = postern(['start', '--json'], { env })
  const { firstStart: shown } = await started(survivor)
  expect(await stop(survivor)).toBe(0)
  for (const secret of [shown?.password, shown?.adminKey])
    if (secret !== undefined) expect(await credentialOf(secret, dataDir)).toBeDefined()
  expect(await run(['verify', '--json'], { env })).toMatchObject({ code: 0, stdout: '{"findings":[]}\n' })
  const status = JSON.parse((await run(['status', '--json'], { env })).stdout)
  expect(status).toMatchObject({ domains: 1, inboxes: 1 })
})

test('a signal in the moment of the announcement does not undo that the secrets were shown', async () => {
  const folder = dataFolder(newFolder())
  const store = await openStore({ folder: folder.path })
  const logger = createLogger({ level: 'silent', secrets: [] })
  const owner = createOwnerPart({ store: () => store, folder, domain: 'example.org', adminKey: undefined, logger })
  await owner.start?.()
  const shown = owner.firstStart()!.shown()
  await owner.stop?.()
  await store.close()
  await shown
  const again = await openStore({ folder: folder.path })
  stores.push(again)
  expect((await inventory(again.directory)).credentials).not.toContainEqual(expect.stringContaining('not shown'))
})
