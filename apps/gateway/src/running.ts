// Which gateways run on a data folder, and on which ports: each keeps a file there while it runs, so that commands beside
// it can say where a mail client connects, also where the port was any free one. A gateway that was killed leaves its file;
// nobody believes it, because its process is gone, or another one has its number. Of another machine, or container, processes can't be seen: its gateways
// touch their files, and one that wasn't touched for long is of a process that's gone.

import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import type { Role } from '@postern/config'
import { type Part, processStart, writeFileAtomic } from '@postern/service'

const touchEveryMs = 20_000
const untouchedMsMax = 90_000

export type Door = 'imaps' | 'imap' | 'submissions' | 'submission' | 'mx' | 'lmtp' | 'http'
export type Ports = { readonly [Name in Door]?: number | undefined }

export interface RunningGateway {
  readonly pid: number
  readonly host: string
  /** Of this process alone, for as long as it runs. */
  readonly id?: string
  readonly startedAt: number
  readonly bind: string
  readonly roles: readonly Role[]
  /** The process that started it and its siblings on the same ports, where there is one. */
  readonly supervisor?: number | undefined
  /** Of the doors that are open. */
  readonly ports: Ports
}

/** The newest first. */
export async function runningGateways(folder: string): Promise<RunningGateway[]> {
  const names = await readdir(folder).catch(noneIfMissing)
  const files = names.filter((name) => name.endsWith('.json'))
  const found = await Promise.all(files.map((name) => read(join(folder, name))))
  return found.filter((each) => each !== undefined).sort((a, b) => b.startedAt - a.startedAt)
}

async function read(path: string): Promise<RunningGateway | undefined> {
  const text = await readFile(path, 'utf8').catch(noneIfMissing)
  if (typeof text !== 'string') return undefined
  try {
    const gateway = JSON.parse(text) as RunningGateway & { readonly start?: string }
    if (!(await isThere(path)) || isAnother(gateway)) return undefined
    return { ...gateway, host: hostOf(path) }
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

/** Whether the process of that number, on this machine, is another one than wrote the file. */
function isAnother({ pid, host, start }: { pid: number; host?: string; start?: string }): boolean {
  const now = host === hostname() && start !== undefined ? processStart(pid) : undefined
  return now !== undefined && now !== start
}

const hostOf = (path: string): string => nameForm.exec(basename(path))?.[2] ?? ''

/** Of the process's file, its control socket, and what is just being written. */
const nameForm = /^(\d+)\.(.+)\.(?:json|sock)/

/** Workers of one supervisor hear of each other through it; whoever else is on the folder hears nothing without Redis. */
export function apart(gateways: readonly RunningGateway[]): number {
  return new Set(gateways.map(({ host, pid, supervisor }) => `${host} ${supervisor ?? pid}`)).size
}

/** By the file's name alone: another one may just be writing it. */
async function isThere(path: string): Promise<boolean> {
  const [, pid, host] = nameForm.exec(basename(path)) ?? []
  if (pid === undefined) return false
  if (host === hostname()) return isAlive(Number(pid))
  const touched = await stat(path).catch(noneIfMissing)
  return 'mtimeMs' in touched && Date.now() - touched.mtimeMs < untouchedMsMax
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

export interface RunningPartOptions extends Omit<RunningGateway, 'pid' | 'host' | 'startedAt' | 'ports'> {
  readonly folder: string
  readonly clock: () => number
  /** Asked when everything that started before is open. */
  readonly ports: () => Ports
}

/** Started last and stopped first: the file names only what is open. */
export function createRunningPart({ folder, clock, ports, ...own }: RunningPartOptions): Part {
  const { pid } = process
  const host = hostname()
  const file = join(folder, runningFile(pid))
  let touching: NodeJS.Timeout | undefined
  return {
    name: 'running',
    async start() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await removeLeftOvers(folder)
      const running = { pid, host, start: processStart(pid), startedAt: clock() }
      const gateway: RunningGateway = { ...running, ...own, ports: ports() }
      await writeFileAtomic(file, `${JSON.stringify(gateway)}\n`, { mode: 0o600 })
      // Where that fails the file is told by others as gone, and this process goes on.
      touching = setInterval(() => utimes(file, new Date(), new Date()).catch(() => undefined), touchEveryMs)
      touching.unref()
    },
    stop() {
      clearInterval(touching)
      return rm(file, { force: true })
    },
  }
}

/** Two containers may each have a process of that number. */
export const runningFile = (pid: number): string => `${pid}.${hostname()}.json`

/** Beside the file. */
export const socketFile = ({ pid, host }: { readonly pid: number; readonly host: string }): string =>
  `${pid}.${host}.sock`

async function removeLeftOvers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    if (!(await isThere(path))) await rm(path, { force: true })
  }
}
