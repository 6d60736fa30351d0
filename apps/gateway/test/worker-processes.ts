// The workers of a gateway as the machine sees them: which of them has a client's connection, and which there are.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { runningGateways } from '../src/running.js'

export const soon = { timeout: 20_000, interval: 10 } as const

/** The oldest first. */
export const workersOf = async (dataDir: string): Promise<number[]> =>
  (await runningGateways(join(dataDir, 'running'))).map(({ pid }) => pid).reverse()

/** Resolves when so many serve, with their process numbers. */
export async function workersUp(dataDir: string, count: number, without: readonly number[] = []): Promise<number[]> {
  const found = async () => (await workersOf(dataDir)).filter((pid) => !without.includes(pid))
  await expect.poll(async () => (await found()).length, soon).toBe(count)
  return found()
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Which of the processes holds the connection that a client has from this port of its own. */
export function holderOf(clientPort: number, pids: readonly number[]): number | undefined {
  const port = clientPort.toString(16).toUpperCase().padStart(4, '0')
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n')
  const line = lines.map((each) => each.trim().split(/\s+/)).find((columns) => columns[2]?.endsWith(`:${port}`))
  const name = `socket:[${line?.[9]}]`
  return pids.find((pid) => openFiles(pid).includes(name))
}

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).map((file) => {
    try {
      return readlinkSync(join(folder, file))
    } catch {
      return ''
    }
  })
}
