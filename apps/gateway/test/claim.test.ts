// Who holds a claim when several want it: one at a time, the next when it's given up or lost, nobody else before.

import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { type ClaimOptions, claim } from '../src/claim.js'
import { newFolder } from './gateway-process.js'

const options: ClaimOptions = {
  touchMs: 10,
  lostMs: 10_000,
  lookMs: 2,
  waitMs: 20_000,
  onWait: () => undefined,
}

test('of many that want it at once, one holds it at a time', async () => {
  const folder = join(newFolder(), 'claim')
  let holders = 0
  const turn = async () => {
    const mine = await claim(folder, options)
    holders++
    expect(holders).toBe(1)
    await wait(5)
    holders--
    await mine.release()
  }
  await Promise.all(Array.from({ length: 8 }, turn))
  expect(readdirSync(folder)).toEqual([])
})

test('what its holder goes on touching is not lost, however long it takes', async () => {
  const folder = join(newFolder(), 'claim')
  const mine = await claim(folder, options)
  const onWait = vi.fn()
  const other = claim(folder, { ...options, lostMs: 2_000, waitMs: 3_000, onWait })
  await expect(other).rejects.toMatchObject({ failure: 'busy', message: expect.stringContaining(folder) })
  expect(onWait).toHaveBeenCalledTimes(1)
  await mine.release()
})

test('what a killed process has left is lost after a while, to one of those that wait', async () => {
  const folder = join(newFolder(), 'claim')
  await (await claim(folder, options)).release()
  writeFileSync(join(folder, '1'), '')
  const beganMs = performance.now()
  let holders = 0
  const turn = async () => {
    const mine = await claim(folder, { ...options, lostMs: 600 })
    expect(performance.now() - beganMs).toBeGreaterThan(590)
    expect(++holders).toBe(1)
    await wait(5)
    holders--
    await mine.release()
  }
  await Promise.all([turn(), turn()])
  expect(readdirSync(folder)).toEqual(['1'])
})

test('what is finished leaves nothing behind', async () => {
  const folder = join(newFolder(), 'claim')
  writeFileSync(`${folder}-beside`, '')
  const mine = await claim(folder, options)
  writeFileSync(join(folder, '0'), '')
  await mine.finish()
  expect(existsSync(folder)).toBe(false)
  await (await claim(folder, options)).finish()
})
