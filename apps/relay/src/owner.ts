// Who holds a lease: this very process. The name says which process of which boot it is, so that a relay that starts again on the
// same machine knows which leases nobody can be working on, and needn't wait for their end. Where that can't be told for certain
// (another machine, another container), a lease ends by its own time.

import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { processStart } from '@postern/service'

/** What is certain about a process, as far as the machine tells. */
export interface ProcessPlace {
  /** The boot, and the process numbers' own space: a number means something only within both. */
  readonly space: string
  readonly pid: number
  /** The start of a process; undefined when there's none of that number. Two processes never share number and start. */
  readonly startOf: (pid: number) => string | undefined
}

/** Undefined where the machine doesn't tell. */
export function thisPlace(): ProcessPlace | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    const numbers = readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')
    return { space: `${boot}.${numbers}`, pid: process.pid, startOf: processStart }
  } catch {
    return undefined
  }
}

/** Unique even where two relays run in one process. */
export function ownerName(place: ProcessPlace | undefined): string {
  const nonce = randomBytes(6).toString('hex')
  const start = place?.startOf(place.pid)
  return place === undefined || start === undefined
    ? `relay/${nonce}`
    : `relay/${place.space}/${place.pid}/${start}/${nonce}`
}

/** True only where it's certain. */
export function hasDied(owner: string, place: ProcessPlace | undefined): boolean {
  const [kind, space, pid, start, nonce] = owner.split('/')
  if (place === undefined || kind !== 'relay' || nonce === undefined || space !== place.space) return false
  return place.startOf(Number(pid)) !== start
}
