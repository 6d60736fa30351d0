/**
 * Reads an environment file: one `NAME=value` a line, blank lines and `#` comments between them. A value may stand in single
 * quotes (taken as it is) or double quotes (\n, \", \\ and \$ are unescaped); unquoted it ends at the line's end or at ` #`.
 * Nothing is expanded. A line that is none of these is a mistake, told with its number and without its text.
 */
import type { Mistake } from './settings.js'

export interface EnvFile {
  readonly values: ReadonlyMap<string, string>
  readonly mistakes: readonly Mistake[]
}

const namePattern = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/s
const escapes: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\', $: '$' }

export function parseEnvFile(content: string, path: string): EnvFile {
  const values = new Map<string, string>()
  const mistakes: Mistake[] = []
  for (const [index, raw] of content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, name, rest] = namePattern.exec(line) ?? []
    const value = rest === undefined ? undefined : unquote(rest)
    const at = `${path} line ${index + 1}`
    if (name === undefined || value === undefined) {
      mistakes.push({
        name: at,
        wrong: name === undefined ? 'is not of the form NAME=value' : `gives ${name} a value with unbalanced quotes`,
        fix: 'Write NAME=value, NAME="value" or NAME=\'value\', one a line; a comment starts with #.',
      })
    } else if (values.has(name)) {
      mistakes.push({ name: at, wrong: `sets ${name} a second time`, fix: 'Keep one of the two lines.' })
    } else {
      values.set(name, value)
    }
  }
  return { values, mistakes }
}

function unquote(rest: string): string | undefined {
  const quote = rest[0]
  if (quote === "'") return /^'([^']*)'\s*(?:#.*)?$/.exec(rest)?.[1]
  if (quote === '"') {
    const inner = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/.exec(rest)?.[1]
    return inner?.replace(/\\(.)/g, (whole, letter: string) => escapes[letter] ?? whole)
  }
  return rest.replace(/(?:^|\s+)#.*$/, '').trimEnd()
}
