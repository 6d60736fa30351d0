// Columns for a person: each as wide as its widest cell, two blanks between them, nothing at the end of a line.

const width = (text: string): number => Array.from(text).length
const pad = (text: string, to: number): string => text + ' '.repeat(Math.max(0, to - width(text)))

export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) => Math.max(0, ...rows.map((row) => width(row[i] ?? ''))))
  return rows.map((row) =>
    row
      .map((cell, i) => pad(cell, widths[i] as number))
      .join('  ')
      .trimEnd(),
  )
}

/** Names and values below each other; what is undefined has no line. */
export const fields = (pairs: readonly (readonly [name: string, value: string | undefined])[]): string[] =>
  table(pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
