// A work that is measured beside Dovecot: prepared once for each server, then run again and again, the servers taking turns.
// The ratio of wall time is the median of the turns', so that a busy second on the machine counts little. A run returns how many units
// it did; or, where the units are waits, the waits in milliseconds; or both as `{ done, waits }`.

import { atRest } from './processes.mjs'
import { RawClient } from './raw-client.mjs'
import { shown } from './table.mjs'

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
export const percentile = (values, share) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]

/** `turns` at most, and none that would begin after `endsAt`. */
export async function takeTurns(work, { servers, turns, endsAt }) {
  const sides = []
  for (const server of servers) {
    try {
      const state = await work.prepare(server)
      await turn(work, server, state)
      sides.push({ server, state, turns: [] })
    } catch (error) {
      sides.push({ server, error: error.message })
    }
  }
  const able = sides.filter(({ error }) => error === undefined)
  for (let round = 0; round < turns && (round === 0 || performance.now() < endsAt); round++)
    for (const side of round % 2 === 0 ? able : able.toReversed()) {
      // What one has put off, as an index of new mail, is not to be the other's trouble.
      await atRest(servers)
      side.turns.push(await turn(work, side.server, side.state))
    }
  for (const { state } of able) {
    await work.end?.(state)
    for (const client of clientsIn(state)) client.end()
  }
  return summary(work, sides)
}

const clientsIn = (state) => {
  if (state instanceof RawClient) return [state]
  return Object.values(state)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter(isClient)
}
const isClient = (value) => value instanceof RawClient

/** One turn: what was done per second, the waits, and the CPU. */
async function turn(work, server, state) {
  await work.before?.(state)
  const [cpu, started] = [server.cpuSeconds(), performance.now()]
  const said = await work.run(state)
  const seconds = (performance.now() - started) / 1_000
  const used = server.cpuSeconds() - cpu
  await work.after?.(state)
  const { done, waits } =
    typeof said === 'number' ? { done: said, waits: [] } : Array.isArray(said) ? { waits: said } : said
  return { rate: done === undefined ? 1_000 / median(waits) : done / seconds, waits, seconds, used }
}

function summary(work, sides) {
  const [ours, theirs] = sides
  const both = theirs !== undefined && sides.every(({ error }) => error === undefined)
  const wall = both ? median(ours.turns.map(({ rate }, i) => rate / theirs.turns[i].rate)) : undefined
  return {
    name: work.name,
    ...{ ours: speed(ours, work), theirs: theirs && speed(theirs, work) },
    ...{ wall, cpu: both ? cpuRatio(sides) : undefined },
    ...{ goal: goalOf(work), met: isMet(work, { ours, theirs, wall }) },
    notes: sides.flatMap(({ server, error }) => (error === undefined ? [] : [`${server.name}: ${error}`])),
  }
}

const goalOf = ({ goal, p99AtMost, p99NoWorse }) =>
  [goal && `≥ ${goal} ×`, p99AtMost && `p99 ≤ ${p99AtMost} ms`, p99NoWorse && 'p99 no worse'].filter(Boolean).join(', ')

/** Undefined where there's no goal, or nobody to compare with. */
function isMet({ goal, p99AtMost, p99NoWorse }, { ours, theirs, wall }) {
  if (ours.error !== undefined) return false
  const verdicts = []
  if (p99AtMost !== undefined) verdicts.push(p99(ours) <= p99AtMost)
  if (goal !== undefined && wall !== undefined) verdicts.push(wall >= goal)
  if (p99NoWorse && wall !== undefined) verdicts.push(p99(ours) <= p99(theirs))
  return verdicts.length === 0 ? undefined : verdicts.every(Boolean)
}

const waitsOf = ({ turns }) => turns.flatMap(({ waits }) => waits)
const p99 = (side) => percentile(waitsOf(side), 0.99)

function speed(side, { unit }) {
  if (side.error !== undefined) return 'refused'
  const waits = waitsOf(side)
  if (unit === 'ms') return `${shown(percentile(waits, 0.5))} / ${shown(p99(side))} ms`
  const rate = `${shown(median(side.turns.map((run) => run.rate)))} ${unit}`
  return waits.length === 0 ? rate : `${rate}, p99 ${shown(p99(side))} ms`
}

/** Undefined where so little was used that the clock's ticks say nothing. */
function cpuRatio([ours, theirs]) {
  const perUnit = ({ turns }) => {
    const [used, units] = turns.reduce(([u, n], run) => [u + run.used, n + run.rate * run.seconds], [0, 0])
    return used / units
  }
  const enough = [ours, theirs].every(({ turns }) => turns.reduce((sum, { used }) => sum + used, 0) >= 0.1)
  return enough ? perUnit(theirs) / perUnit(ours) : undefined
}
