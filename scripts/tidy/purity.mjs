/**
 * A package tagged "pure" is a function of its arguments: no Node, no npm package, no clock, no randomness, no machine. The
 * one exception is declared here: charset tables, in one file, behind an interface.
 */
import { importsOf } from './imports.mjs'
import { isSource, matches, packageOf } from './tree.mjs'

const allowedImports = new Map([['packages/message/src/charsets.ts', ['iconv-lite']]])

const machine = [
  [/(?<![.\w$])Date\.now\b|\bnew Date(?:\(\s*\)|(?!\s*\())|(?<![.\w$]|new )Date\(/g, 'the time is an argument'],
  [/(?<![.\w$])Math\.random\b|(?<![.\w$])crypto\s*\./g, 'randomness is an argument'],
  [/(?<![.\w$])performance\s*\./g, 'a clock is an argument'],
  [/(?<![.\w$])(?:set(?:Timeout|Interval|Immediate)|queueMicrotask|fetch)\s*\(/g, 'time and network are the caller’s'],
  [/(?<![.\w$])(?:process|console)\s*[.[]/g, 'settings are arguments, findings are return values'],
  [/(?<![.\w$])Buffer\b/g, 'use Uint8Array, DataView, TextDecoder'],
]

export const purity = {
  name: 'purity',
  *check(tree) {
    for (const path of tree.paths) {
      const home = packageOf(tree, path)
      if (!home?.tags.includes('pure') || !path.startsWith(`${home.folder}/src/`) || !isSource(path)) continue
      yield* impureImports(tree, path)
      for (const [pattern, instead] of machine)
        for (const { match, line } of matches(tree.code(path), pattern))
          yield { path, line, say: `${match[0].trim()} has no place in a pure package: ${instead}` }
    }
  },
}

function* impureImports(tree, path) {
  for (const { specifier, line } of importsOf(tree, path)) {
    if (specifier.startsWith('.') || allowedImports.get(path)?.includes(specifier)) continue
    const home = tree.packages.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`))
    if (!home?.tags.includes('pure'))
      yield { path, line, say: `a pure package imports pure packages only, not ${specifier}: take it as an argument` }
  }
}
