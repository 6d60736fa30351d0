// What the bench prints: one line for each row, with a column that says whether its goal is met, and the tally at the end.

export const shown = (value) =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(value >= 10 ? 3 : 2)

const ratio = (value) => (value === undefined ? '' : `${shown(value)} ×`)
const verdicts = { true: 'met', false: 'NOT MET', undefined: '' }

const line = ([met, name, ours, theirs, wall, cpu, goal]) =>
  [
    ...[met.padEnd(7), name.padEnd(46), ours.padStart(24), theirs.padStart(24)],
    ...[wall.padStart(8), cpu.padStart(8), goal],
  ]
    .join('  ')
    .trimEnd()

export const headBeside = (other) => line(['', '', 'Postern', other, 'wall', 'CPU', 'goal'])

export function print({ name, ours, theirs = '', wall, cpu, goal, met, notes = [] }) {
  console.log(line([verdicts[met], name, ours, theirs, ratio(wall), ratio(cpu), goal]))
  for (const note of notes) console.log(`         ${note}`)
}

export function tally(rows) {
  const judged = rows.filter(({ met }) => met !== undefined)
  const missed = judged.filter(({ met }) => !met)
  const names = missed.length === 0 ? '' : `; not met: ${missed.map(({ name }) => name).join(' · ')}`
  return `${judged.length - missed.length} of ${judged.length} goals met${names}`
}
