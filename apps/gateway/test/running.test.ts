// The files of running gateways: of this machine those whose process is there, of others those that are touched.

import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRunningPart, runningFile, runningGateways } from '../src/running.js'
import { newFolder } from './gateway-process.js'

const { pid } = process

function partOn(folder: string) {
  const shape = { bind: '127.0.0.1', roles: ['imap'], clock: () => 2_000 } as const
  return createRunningPart({ folder, ...shape, ports: () => ({ http: 1 }) })
}

test('gateways of two containers on one folder have a file each, also where their processes have one number', async () => {
  const folder = newFolder()
  const elsewhere = join(folder, `${pid}.another-container.json`)
  const other = { pid, startedAt: 1_000, bind: '0.0.0.0', roles: ['submission'], ports: { http: 2 } }
  writeFileSync(elsewhere, JSON.stringify(other))
  const part = partOn(folder)
  await part.start?.()
  expect((await runningGateways(folder)).map(({ ports }) => ports)).toEqual([{ http: 1 }, { http: 2 }])

  const longAgo = new Date(Date.now() - 120_000)
  utimesSync(elsewhere, longAgo, longAgo)
  expect((await runningGateways(folder)).map(({ ports }) => ports)).toEqual([{ http: 1 }])
  await part.stop?.()
  expect(readdirSync(folder)).toEqual([`${pid}.another-container.json`])
})

test('a start removes the files of those that are gone, and no others', async () => {
  const folder = newFolder()
  const gone = 4_000_000
  for (const name of [runningFile(gone), 'notes', '1.another-container.json']) writeFileSync(join(folder, name), '{}')
  const part = partOn(folder)
  await part.start?.()
  expect(readdirSync(folder).sort()).toEqual(['1.another-container.json', runningFile(pid)].sort())
  await part.stop?.()
})

test('a file is not believed where another process has its number now', async () => {
  const folder = newFolder()
  const part = partOn(folder)
  await part.start?.()
  const file = join(folder, runningFile(pid))
  const written = JSON.parse(readFileSync(file, 'utf8'))
  expect(await runningGateways(folder)).toHaveLength(1)
  writeFileSync(file, JSON.stringify({ ...written, start: String(Number(written.start) - 1) }))
  expect(await runningGateways(folder)).toEqual([])
  await part.stop?.()
})
