// What a server has taken of the machine, as Linux counts it: seconds of CPU of a process and all that came from it, and the
// memory of one process.

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const ticksPerSecond = 100

/** Of the process, its descendants, and those of them that have ended. */
export function cpuSeconds(root) {
  const stats = new Map()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // The name in brackets may hold anything; fields are counted behind it.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')
      stats.set(Number(pid), {
        parent: Number(fields[1]),
        ticks: fields.slice(11, 15).reduce((sum, n) => sum + Number(n), 0),
      })
    } catch {
      // Gone in between.
    }
  }
  const isOurs = (pid) => pid === root || (stats.has(pid) && isOurs(stats.get(pid).parent))
  let ticks = 0
  for (const [pid, stat] of stats) if (isOurs(pid)) ticks += stat.ticks
  return ticks / ticksPerSecond
}

/** When none of these servers uses the machine any more, or after `withinMs`. */
export async function atRest(servers, { withinMs = 5_000 } = {}) {
  const endsAt = performance.now() + withinMs
  const used = () => servers.reduce((sum, server) => sum + server.cpuSeconds(), 0)
  for (let quietFor = 0, before = used(); quietFor < 2 && performance.now() < endsAt; ) {
    await sleep(30)
    const now = used()
    quietFor = now === before ? quietFor + 1 : 0
    before = now
  }
}

/** Resident: what the process has of real memory, the code it shares with others included. */
export function memoryBytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1]) * 1_024
}

/** When it no longer moves by more than a megabyte a second, or after `withinMs`. */
export async function settledMemory(pid, { withinMs = 15_000 } = {}) {
  const endsAt = performance.now() + withinMs
  let bytes = memoryBytes(pid)
  for (let quietFor = 0; quietFor < 3 && performance.now() < endsAt; ) {
    await sleep(1_000)
    const now = memoryBytes(pid)
    quietFor = Math.abs(now - bytes) < 1_048_576 ? quietFor + 1 : 0
    bytes = now
  }
  return bytes
}

/** The most and the least that it had from now on until `stop` is called. */
export function watchMemory(pid, { everyMs = 50 } = {}) {
  const first = memoryBytes(pid)
  const seen = { most: first, least: first }
  const timer = setInterval(() => {
    const bytes = memoryBytes(pid)
    seen.most = Math.max(seen.most, bytes)
    seen.least = Math.min(seen.least, bytes)
  }, everyMs)
  return {
    stop() {
      clearInterval(timer)
      return seen
    },
  }
}
