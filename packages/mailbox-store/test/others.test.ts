// When it's asked anew whether another process has committed: never later than what it has told somebody can have come in.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Connection } from '../src/sqlite/connection.js'
import { Others } from '../src/sqlite/others.js'

let folder: string
let here: Connection
let there: Connection
let asked: number
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-others-'))
  here = new Connection({ path: join(folder, 'mail.sqlite') })
  here.raw.exec('CREATE TABLE t (x)')
  there = new Connection({ path: join(folder, 'mail.sqlite') })
  asked = 0
  const ask = here.dataVersion.bind(here)
  here.dataVersion = () => {
    asked++
    return ask()
  }
})
afterEach(() => {
  here.close()
  there.close()
  rmSync(folder, { recursive: true, force: true })
})

const commitThere = (): void => void there.raw.exec('INSERT INTO t VALUES (1)')
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('once as long as promises run out, and again behind the next callback', async () => {
  const others = new Others(here)
  const before = others.version
  for (let i = 0; i < 20; i++) await Promise.resolve()
  expect([others.version, asked]).toEqual([before, 1])
  commitThere()
  await nextTurn()
  expect([others.version === before, asked]).toEqual([false, 2])
})

test('in the callbacks of immediates and of timers', async () => {
  const others = new Others(here)
  for (const wait of [nextTurn, () => new Promise<void>((resolve) => setTimeout(resolve, 1))]) {
    await wait()
    const before = others.version
    commitThere()
    await wait()
    expect(others.version).not.toBe(before)
  }
})

test('a commit of another store of this process is heard of at once, the own one is nobody else’s', async () => {
  const [others, second] = [new Others(here), new Others(there)]
  const before = others.version
  commitThere()
  second.committed()
  expect(others.version).not.toBe(before)
  const looks = asked
  here.raw.exec('INSERT INTO t VALUES (2)')
  others.committed()
  const own = others.version
  expect([asked, others.look()]).toEqual([looks, own])
})
