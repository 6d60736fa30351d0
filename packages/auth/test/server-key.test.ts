/** The server's key file: made once, for its owner only, the same for all who start at once, never replaced. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadServerKey, ServerKeyDamaged } from '../src/index.js'

let directory: string
let path: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-key-'))
  path = join(directory, 'data', 'secret.key')
})
afterEach(() => rmSync(directory, { recursive: true }))

test('is made on the first start and read on the next', async () => {
  const key = await loadServerKey(path)
  expect(key).toHaveLength(32)
  expect(await loadServerKey(path)).toEqual(key)
  expect(readFileSync(path, 'utf8')).toBe(`${Buffer.from(key).toString('hex')}\n`)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700)
})

test('is the same for all who start at once, and leaves nothing else behind', async () => {
  for (let round = 0; round < 20; round++) {
    const file = join(directory, `round-${round}`, 'secret.key')
    const loads = Array.from({ length: 10 }, (_, index) => wait(index / 3).then(() => loadServerKey(file)))
    const keys = await Promise.all(loads)
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1)
    expect(readdirSync(dirname(file))).toEqual(['secret.key'])
  }
})

test('is different each time it is made', async () => {
  expect(await loadServerKey(path)).not.toEqual(await loadServerKey(`${path}2`))
})

test.each([
  ['empty', ''],
  ['too short', 'ab'.repeat(31)],
  ['too long', 'ab'.repeat(33)],
  ['not hex', 'xy'.repeat(32)],
])('is never replaced when it is damaged: %s', async (_, content) => {
  const damaged = join(directory, 'secret.key')
  writeFileSync(damaged, content)
  await expect(loadServerKey(damaged)).rejects.toThrow(ServerKeyDamaged)
  expect(readFileSync(damaged, 'utf8')).toBe(content)
})

test('is not made anew when it can not be read', async () => {
  await expect(loadServerKey(directory)).rejects.toThrow('EISDIR')
})
