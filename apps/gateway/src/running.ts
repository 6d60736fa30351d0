// Which gateways run on a data folder, and on which ports: each keeps a file there while it runs, so that commands beside
// it can say where a mail client connects, also where the port was any free one. A gateway that was killed leaves its file;
// nobody believes it, because its process is gone.

import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Role } from '@postern/config'
import { type Part, writeFileAtomic } from '@postern/service'

export type Door = 'imaps' | 'imap' | 'submissions' | 'submission' | 'mx' | 'lmtp' | 'http'
export type Ports = { readonly [Name in Door]?: number | undefined }

export interface RunningGateway {
  readonly pid: number
  readonly startedAt: number
  readonly bind: string
  readonly roles: readonly Role[]
  /** Of the doors that are open. */
  readonly ports: Ports
}

/** The newest first. */
export async function runningGateways(folder: string): Promise<RunningGateway[]> {
  const names = await readdir(folder).catch(noneIfMissing)
  const found = await Promise.all(names.map((name) => read(join(folder, name))))
  return found.filter((each) => each !== undefined).sort((a, b) => b.startedAt - a.startedAt)
}

async function read(path: string): Promise<RunningGateway | undefined> {
  const text = await readFile(path, 'utf8').catch(noneIfMissing)
  if (typeof text !== 'string') return undefined
  try {
    const gateway = JSON.parse(text) as RunningGateway
    return isAlive(gateway.pid) ? gateway : undefined
  } catch (error) {
    // Not one of ours, or the file of a machine that lost its power.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function noneIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

export interface RunningPartOptions extends Omit<RunningGateway, 'pid' | 'startedAt' | 'ports'> {
  readonly folder: string
  readonly clock: () => number
  /** Asked when everything that started before is open. */
  readonly ports: () => Ports
}

/** Started last and stopped first: the file names only what is open. */
export function createRunningPart({ folder, clock, ports, bind, roles }: RunningPartOptions): Part {
  const { pid } = process
  const file = join(folder, `${pid}.json`)
  return {
    name: 'running',
    async start() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await removeLeftOvers(folder)
      const gateway: RunningGateway = { pid, startedAt: clock(), bind, roles, ports: ports() }
      await writeFileAtomic(file, `${JSON.stringify(gateway)}\n`, { mode: 0o600 })
    },
    stop: () => rm(file, { force: true }),
  }
}

async function removeLeftOvers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = Number.parseInt(name, 10)
    if (Number.isNaN(pid) || !isAlive(pid)) await rm(join(folder, name), { force: true })
  }
}
