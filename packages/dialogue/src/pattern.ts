// How an expected line is compared with a real one. `$name` takes what stands there the first time and must be the same
// afterwards; `$text` and `$any` take anything, each time anew; `$$` is a dollar. Everything else is itself.

export type Bindings = Map<string, string>

const wild = new Set(['text', 'any'])
const token = /\$(\$|[a-zA-Z][a-zA-Z0-9]*)/g

/** The bindings with what this line adds, or undefined where it isn't the expected one. */
export function matchLine(pattern: string, line: string, bindings: Bindings): Bindings | undefined {
  const names: string[] = []
  let source = ''
  let at = 0
  for (const found of pattern.matchAll(token)) {
    source += literal(pattern.slice(at, found.index))
    at = found.index + found[0].length
    const name = found[1] as string
    const known = bindings.get(name)
    if (name === '$') source += '\\$'
    else if (known !== undefined) source += literal(known)
    else if (names.includes(name) && !wild.has(name)) source += `\\${names.indexOf(name) + 1}`
    else {
      names.push(name)
      source += wild.has(name) ? '(.*?)' : '([^\\s()\\[\\]]+?)'
    }
  }
  const match = new RegExp(`^${source}${literal(pattern.slice(at))}$`, 's').exec(line)
  if (match === null) return undefined
  const bound = new Map(bindings)
  names.forEach((name, i) => {
    if (!wild.has(name)) bound.set(name, match[i + 1] as string)
  })
  return bound
}

/** A client's line with what was bound put in. */
export function fillIn(text: string, bindings: Bindings): string {
  return text.replace(token, (whole, name: string) => (name === '$' ? '$' : (bindings.get(name) ?? whole)))
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
