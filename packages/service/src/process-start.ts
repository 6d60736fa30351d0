/**
 * When a process of this machine started, in the machine's own words: two processes may have one number after each other, and
 * never number and start together. proc(5): the 22nd field of stat; the second one may hold blanks and brackets.
 */
import { readFileSync } from 'node:fs'

/** Undefined where there's no such process, or where the machine doesn't tell. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
