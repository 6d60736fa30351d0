/**
 * Documents name what exists: every path, file, link and npm script that a document mentions is there. A comment that points
 * to a page of docs/ is held to the same.
 */
import { posix } from 'node:path'
import { isRule, isSource, matches } from './tree.mjs'

const topFolder = /^(?:\.ci|apps|config|docs|packages|scripts)\//
const fileName = /^[\w.-]+\.(?:ts|mjs|md|json|sh)$/
const npmLifecycle = new Set([
  'install',
  'ci',
  'exec',
  'pack',
  'version',
  'audit',
  'outdated',
  'update',
  'link',
  'help',
])

export const docTruth = {
  name: 'docs',
  *check(tree) {
    const scripts = JSON.parse(tree.text('package.json') ?? '{}').scripts ?? {}
    for (const path of tree.paths) {
      if (path.endsWith('.md')) {
        yield* missingPaths(tree, path)
        yield* missingLinks(tree, path)
        yield* missingScripts(tree, path, scripts)
      } else if (isSource(path) && !isRule(path)) yield* missingPages(tree, path)
    }
  },
}

/** Words between backticks, and in code blocks. */
function* missingPaths(tree, path) {
  for (const { match, line } of matches(tree.text(path), /```[\s\S]*?```|`([^`\n]+)`/g)) {
    for (const { match: found, line: below } of matches(match[0], /[\w.@*{},/-]+/g)) {
      const word = found[0].replace(/[.,/]+$/, '')
      if (!isThere(tree, word, match[1] !== undefined))
        yield { path, line: line + below - 1, say: `${word} is not there: name the file as it is called now` }
    }
  }
}

function isThere(tree, word, isInline) {
  if (/(?:^|\/)(?:dist|node_modules)(?:\/|$)/.test(word)) return true
  if (topFolder.test(word)) return matchesAny(tree, `^${pattern(word)}(?:/|$)`)
  // In running text a bare name or the tail of a path is enough; in a code block it may be anything.
  const isTail = isInline && /^[\w-][\w./{},*-]*$/.test(word) && /\.(?:ts|mjs)$/.test(word)
  if (isTail || (isInline && fileName.test(word) && /\.(?:md)$/.test(word)))
    return matchesAny(tree, `(?:^|/)${pattern(word)}$`)
  return true
}

/** `*` stands for a part of a name, `{a,b}` for either. */
function pattern(word) {
  return word
    .replace(/[.+?^$()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '[^/]*')
    .replace(/\{([^}]*)\}/g, (_, names) => `(?:${names.replaceAll(',', '|')})`)
}

function matchesAny(tree, source) {
  const wanted = new RegExp(source)
  return tree.paths.some((path) => wanted.test(path))
}

function* missingLinks(tree, path) {
  for (const { match, line } of matches(tree.text(path), /\]\(([^)\s#]+)(?:#[^)]*)?\)/g)) {
    if (/^[a-z]+:/.test(match[1])) continue
    const target = posix.join(posix.dirname(path), match[1]).replace(/\/$/, '')
    if (!tree.paths.some((other) => other === target || other.startsWith(`${target}/`)))
      yield { path, line, say: `the link to ${match[1]} leads nowhere` }
  }
}

function* missingScripts(tree, path, scripts) {
  for (const { match, line } of matches(tree.text(path), /\bnpm (?:run )?(?:--?[\w-]+ )*([a-z][\w:-]*)/g)) {
    const name = match[1]
    const isCalled = match[0].startsWith('npm run') || name === 'test' || name === 'start'
    if (!isCalled && !npmLifecycle.has(name)) continue
    if (isCalled && scripts[name] === undefined)
      yield { path, line, say: `there is no npm script ${name}: package.json lists ${Object.keys(scripts).join(', ')}` }
  }
}

function* missingPages(tree, path) {
  for (const { match, line } of matches(tree.text(path), /\bdocs\/[\w./-]+\.md\b/g))
    if (!tree.has(match[0])) yield { path, line, say: `${match[0]} is not there: name the page as it is called now` }
}
