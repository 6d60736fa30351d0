/**
 * The checkout as the rules see it: every file that is or could be committed, the packages with their tags, and the two
 * views of a source text that rules read: without comments, and without strings as well.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { blankOut } from './blank-out.mjs'

const binary = /\.(?:png|jpg|gif|ico|woff2?|sqlite|gz|zip|p12)$/

/** `files` maps a path from the root, with `/`, to its text. */
export function createTree(files, { rfcSections } = {}) {
  const views = new Map()
  const view = (path, what) => {
    const key = `${what} ${path}`
    if (!views.has(key)) views.set(key, blankOut(files.get(path), { strings: what === 'code' }))
    return views.get(key)
  }
  return {
    paths: [...files.keys()],
    text: (path) => files.get(path),
    has: (path) => files.has(path),
    /** The same length and lines as the text, with blanks for comments. */
    withoutComments: (path) => view(path, 'comments'),
    /** With blanks for strings too. */
    code: (path) => view(path, 'code'),
    packages: packagesOf(files),
    rfcSections,
  }
}

export function readTree(root, options) {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 67_108_864,
  })
  const paths = [...new Set(listed.split('\0'))].filter((path) => path !== '' && !binary.test(path)).sort()
  return createTree(new Map(paths.flatMap((path) => readIfThere(root, path))), options)
}

/** A file that is in the index and deleted in the checkout is no file. Latin-1 keeps a message's bytes apart. */
function readIfThere(root, path) {
  try {
    return [[path, readFileSync(join(root, path), path.endsWith('.eml') ? 'latin1' : 'utf8')]]
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EISDIR') return []
    throw error
  }
}

function packagesOf(files) {
  const manifests = [...files.keys()].filter((path) => /^(?:packages|apps)\/[^/]+\/package\.json$/.test(path))
  return manifests.map((path) => {
    const folder = path.slice(0, -'/package.json'.length)
    const turbo = files.get(`${folder}/turbo.json`)
    return {
      folder,
      name: JSON.parse(files.get(path)).name,
      tags: (turbo && JSON.parse(turbo).tags) ?? [],
      isApp: folder.startsWith('apps/'),
    }
  })
}

export function packageOf(tree, path) {
  return tree.packages.find(({ folder }) => path.startsWith(`${folder}/`))
}

export const isSource = (path) => /\.(?:ts|tsx|mts|mjs|js)$/.test(path) && !path.endsWith('.d.ts')
export const isTest = (path) => /(?:^|\/)test\//.test(path)
/** The rules and their tests name what they forbid. */
export const isRule = (path) => path.startsWith('scripts/tidy/') || path === 'scripts/test/tidy.test.ts'

/** Every match of the pattern, with the line it is on. */
export function* matches(text, pattern) {
  for (const match of text.matchAll(pattern)) yield { match, line: lineAt(text, match.index) }
}

export function lineAt(text, index) {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line++
  return line
}
