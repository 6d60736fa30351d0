// What each process of a gateway has used of the machine: all of it, and its protocol thread alone, which can't use more than one
// core.

import { readdirSync, readFileSync } from 'node:fs'

const msPerTick = 10

export function cpuOf(pid) {
  return {
    allMs: ticksOf(`/proc/${pid}/stat`) * msPerTick,
    threadMs: ticksOf(`/proc/${pid}/task/${pid}/stat`) * msPerTick,
  }
}

/** Of the gateway's first process and of those that it started. */
export function processesOf(root) {
  const parents = new Map()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      parents.set(Number(pid), Number(fieldsOf(`/proc/${pid}/stat`)[1]))
    } catch {
      // Gone in between.
    }
  }
  return [root, ...[...parents].filter(([, parent]) => parent === root).map(([pid]) => pid)]
}

const ticksOf = (path) => {
  const fields = fieldsOf(path)
  return Number(fields[11]) + Number(fields[12])
}

/** The name in brackets may hold anything; fields are counted behind it. */
const fieldsOf = (path) =>
  readFileSync(path, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
