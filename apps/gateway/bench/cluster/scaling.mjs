// Two workers beside one process, in turns, the same clients on the same mail. The clients need the same two cores, so the wall
// time says how fast a machine is that has to play both parts. What the servers could do with two cores of their own is told by
// the processor's accounts: no faster than the busiest protocol thread lets them, nor than all of it fits on two cores.

import { cpuOf, processesOf } from './processes.mjs'

const cores = 2
const warmUpRoundsMax = 20
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

export async function scaling({ name, kind, lanes, warmUpTo }, { one, two, load, turns, seconds, goal }) {
  const sides = [one, two].map((server) => ({ server, turns: [] }))
  const order = (server, time) => load.order(kind, { server: shownTo(server), lanes, seconds: time })
  for (const { server } of sides) await warmUp((seconds) => order(server, seconds), warmUpTo)
  for (let round = 0; round < turns; round++)
    for (const side of round % 2 === 0 ? sides : sides.toReversed())
      side.turns.push(await turn(side.server, () => order(side.server, seconds)))
  const [alone, together] = sides.map(({ turns }) => summary(turns))
  const byCpu = together.perCoreSecond / alone.perCoreSecond
  return {
    ...{ name, goal: `≥ ${goal} × one`, met: byCpu >= goal },
    ours: `${Math.round(together.perCoreSecond).toLocaleString('en')} /s on ${cores} cores`,
    theirs: `${Math.round(alone.perCoreSecond).toLocaleString('en')} /s on ${cores} cores`,
    wall: together.rate / alone.rate,
    cpu: byCpu,
    notes: [told('one process', alone), told('two workers', together)],
  }
}

/** Each process has to have compiled its own program: two of them need twice as much before they run at their speed. */
async function warmUp(order, count) {
  for (let done = 0, rounds = 0; done < count && rounds < warmUpRoundsMax; rounds++) done += (await order(1)).done
}

const shownTo = ({ port, user, password, users }) => ({ port, user, password, users })

async function turn(server, work) {
  const pids = processesOf(server.pid)
  const [before, begun] = [pids.map(cpuOf), performance.now()]
  const { done, cpuMs } = await work()
  const elapsed = performance.now() - begun
  const used = pids.map(cpuOf).map((after, i) => ({
    allMs: after.allMs - before[i].allMs,
    threadMs: after.threadMs - before[i].threadMs,
  }))
  const allMs = used.reduce((sum, each) => sum + each.allMs, 0)
  const busiestMs = Math.max(...used.map(({ threadMs }) => threadMs))
  const shares = used.map((each) => each.allMs / allMs)
  return {
    rate: (done / elapsed) * 1_000,
    perCoreSecond: (done / Math.max(busiestMs, allMs / cores)) * 1_000,
    allMs: allMs / done,
    clientMs: cpuMs / done,
    shares,
  }
}

const summary = (turns) => ({
  rate: median(turns.map(({ rate }) => rate)),
  perCoreSecond: median(turns.map(({ perCoreSecond }) => perCoreSecond)),
  allMs: median(turns.map(({ allMs }) => allMs)),
  clientMs: median(turns.map(({ clientMs }) => clientMs)),
  shares: turns[0].shares.map((_, i) => median(turns.map(({ shares }) => shares[i]))),
})

const told = (who, { rate, allMs, clientMs, shares }) =>
  `${who}: ${Math.round(rate).toLocaleString('en')} /s by the clock beside its clients, ${allMs.toFixed(3)} ms of CPU each` +
  `${shares.length > 1 ? ` (supervisor ${percent(shares[0])}, workers ${shares.slice(1).map(percent).join(' and ')})` : ''}` +
  `; the clients used ${clientMs.toFixed(3)} ms each`

const percent = (share) => `${Math.round(share * 100)} %`
