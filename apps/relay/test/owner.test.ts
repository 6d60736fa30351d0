// Whose lease it is, and whether that process can still be at work.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { hasDied, ownerName, type ProcessPlace, thisPlace } from '../src/owner.js'

const place = (more: Partial<ProcessPlace> = {}): ProcessPlace => ({
  space: 'boot.1',
  pid: 7,
  startOf: (pid) => (pid === 7 ? '100' : undefined),
  ...more,
})

test('names are unlike each other within one process', () => {
  expect(ownerName(place())).toMatch(/^relay\/boot\.1\/7\/100\/[0-9a-f]{12}$/)
  expect(ownerName(place())).not.toBe(ownerName(place()))
  expect(ownerName(undefined)).not.toBe(ownerName(undefined))
})

test.each<[string, ProcessPlace | undefined, ProcessPlace | undefined, boolean]>([
  ['the same process', place(), place(), false],
  ['one of that number is not there', place(), place({ startOf: () => undefined }), true],
  ['another one has its number', place(), place({ startOf: () => '200' }), true],
  ['another boot, or another container', place(), place({ space: 'boot.2', startOf: () => undefined }), false],
  ['it did not know its own place', undefined, place(), false],
  ['this one does not', place(), undefined, false],
])('%s', (_, of, at, died) => {
  expect(hasDied(ownerName(of), at)).toBe(died)
})

test.each(['', 'relay', 'worker/boot.1/8/100/x', 'relay/boot.1/8/100', 'relay/abc'])('%j says nothing', (owner) => {
  expect(hasDied(owner, place())).toBe(false)
})

test.runIf(process.platform === 'linux')('a process that is killed has died', async () => {
  const here = thisPlace() as ProcessPlace
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(child, 'spawn')
  const owner = ownerName({ ...here, pid: child.pid as number })
  expect(hasDied(owner, here)).toBe(false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(hasDied(owner, here)).toBe(true)
})
