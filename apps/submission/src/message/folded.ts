// Lines of a field, folded once more where they're too long: a line end goes in before white space that's there already, so that the
// unfolded value stays the same. RFC 5322 §2.2.3.

/** Lines without their CRLF. One that has no place to be folded at stays as long as it is. */
export function folded(lines: readonly string[], octetsMax: number): readonly string[] {
  return lines.flatMap((line) => (line.length <= octetsMax ? [line] : foldedLine(line, octetsMax)))
}

function foldedLine(line: string, octetsMax: number): string[] {
  const out: string[] = []
  let rest = line
  while (rest.length > octetsMax) {
    const at = foldAt(rest, octetsMax)
    if (at < 0) break
    out.push(rest.slice(0, at))
    rest = rest.slice(at)
  }
  return [...out, rest]
}

/** The last white space within reach that has something visible on either side; or -1. */
function foldAt(line: string, octetsMax: number): number {
  const first = line.search(/[^ \t]/)
  for (let at = octetsMax; at > first && first >= 0; at--) if (isSpace(line[at]) && !isSpace(line[at + 1])) return at
  return -1
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}
