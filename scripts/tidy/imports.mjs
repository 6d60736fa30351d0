/** The specifiers that a source file imports or exports from, with their lines. */
import { matches } from './tree.mjs'

const forms = [
  /(?:^|[\n;}])\s*(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])([^'"]+)\1/g,
  /(?:^|[\n;}])\s*import\s*(['"])([^'"]+)\1/g,
  /\bimport\(\s*(['"])([^'"]+)\1/g,
  /\brequire\(\s*(['"])([^'"]+)\1/g,
]

export function importsOf(tree, path) {
  const text = tree.withoutComments(path)
  const code = tree.code(path)
  return forms.flatMap((form) =>
    [...matches(text, form)]
      // An `import` that is itself inside a string is no import.
      .filter(({ match }) => /import|export|require/.test(code.slice(match.index, match.index + match[0].length)))
      .map(({ match, line }) => ({
        specifier: match[2],
        line: line + (/^[\s;}]*/.exec(match[0])[0].match(/\n/g)?.length ?? 0),
      })),
  )
}
