/** Finds the known name that a mistyped one is closest to, by edit distance; used for variables that nobody knows. */

const distanceMax = 3

export function didYouMean(typed: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = distanceMax + 1
  for (const name of known) {
    const distance = editDistance(typed.slice(0, 80), name)
    if (distance < bestDistance) [best, bestDistance] = [name, distance]
  }
  return best
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
