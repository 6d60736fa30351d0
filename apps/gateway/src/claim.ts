// Lets one of several processes do what must be done once, while the others wait. A claim is a numbered file that its
// holder touches all the time; one that nobody has touched for long has lost its process, and the next number takes its
// place. Only one process can make a number, so only one holds. Clocks aren't compared: who waits looks for change.

import { mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '@postern/service'

export interface ClaimOptions {
  readonly touchMs: number
  /** A claim that wasn't touched for so long is lost. */
  readonly lostMs: number
  readonly lookMs: number
  /** For the other one to get done. */
  readonly waitMs: number
  /** Called once when somebody else holds it. */
  readonly onWait: () => void
}

export interface Claim {
  /** It isn't done: the next one may try. */
  release(): Promise<void>
  /** It's done, and whoever claims it from now on finds that. */
  finish(): Promise<void>
}

export async function claim(folder: string, options: ClaimOptions): Promise<Claim> {
  const { lostMs, lookMs, waitMs, onWait } = options
  const beganMs = performance.now()
  let seen = { stamp: '', atMs: beganMs }
  do {
    const { number, stamp } = await newest(folder)
    if (stamp !== seen.stamp) {
      if (seen.stamp === '' && number > 0) onWait()
      seen = { stamp, atMs: performance.now() }
    }
    const isFree = number === 0 || performance.now() - seen.atMs >= lostMs
    const file = join(folder, String(number + 1))
    if (isFree && (await isMade(file))) return held(folder, { file, ...options })
    await sleep(lookMs)
  } while (performance.now() - beganMs < waitMs)
  throw new Failure('busy', `Another process has held ${folder} for ${waitMs / 1000} seconds.`, {
    fix: 'Wait until it has started, or stop it; then try again.',
  })
}

/** The claim that counts, and what changes whenever it's touched. Number 0: there is none. */
async function newest(folder: string): Promise<{ number: number; stamp: string }> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const number = Math.max(0, ...(await readdir(folder).catch(() => [])).map(Number).filter(Number.isSafeInteger))
  const touched = await stat(join(folder, String(number))).catch(() => undefined)
  return { number, stamp: `${number} ${touched?.mtimeMs}` }
}

async function isMade(file: string): Promise<boolean> {
  try {
    await (await open(file, 'wx', 0o600)).close()
    return true
  } catch (error) {
    // Another one was quicker, or has just finished.
    if (error instanceof Error && 'code' in error && (error.code === 'EEXIST' || error.code === 'ENOENT')) return false
    throw error
  }
}

function held(folder: string, { file, touchMs }: { readonly file: string; readonly touchMs: number }): Claim {
  const touch = () => utimes(file, new Date(), new Date()).catch(() => undefined)
  const timer = setInterval(touch, touchMs).unref()
  const leave = async (path: string) => {
    clearInterval(timer)
    await rm(path, { recursive: true, force: true, maxRetries: 3 })
  }
  // Lost ones stay until the end: who goes by them must not begin to count anew.
  return { release: () => leave(file), finish: () => leave(folder) }
}
