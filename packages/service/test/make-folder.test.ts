// Folders that are made, are there, or can't be made.

import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeFolder } from '@postern/service'
import { afterEach, beforeEach, expect, test } from 'vitest'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'postern-folder-'))
})
afterEach(() => rmSync(home, { recursive: true }))

test('a folder is made with those above it, nobody else may read them, and what is there stays', async () => {
  await makeFolder(join(home, 'a', 'b', 'c'), { mode: 0o700 })
  for (const made of ['a', 'a/b', 'a/b/c']) expect(statSync(join(home, made)).mode & 0o777).toBe(0o700)
  writeFileSync(join(home, 'a', 'kept'), '')
  await makeFolder(join(home, 'a'), { mode: 0o700 })
  expect(existsSync(join(home, 'a', 'kept'))).toBe(true)
})

test('two who make it at once both have it', async () => {
  await Promise.all(Array.from({ length: 8 }, () => makeFolder(join(home, 'x', 'y', 'z'), { mode: 0o700 })))
  expect(existsSync(join(home, 'x', 'y', 'z'))).toBe(true)
})

test('a file in its place is the answer', async () => {
  writeFileSync(join(home, 'file'), '')
  await expect(makeFolder(join(home, 'file'), { mode: 0o700 })).rejects.toThrow('EEXIST')
  await expect(makeFolder(join(home, 'file', 'below'), { mode: 0o700 })).rejects.toThrow('ENOTDIR')
})

test.runIf(process.platform === 'linux')(
  'where the system makes none it says so, and nobody waits for ever',
  async () => {
    await expect(makeFolder('/proc/postern/below', { mode: 0o700 })).rejects.toThrow('ENOENT')
  },
)
