// Prints docs/rfc.md: which sections of which RFCs the sources cite, and where.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** A line break inside a citation carries the comment's own mark with it. */
const gap = '(?:\\s|\\n\\s*(?:\\/\\/|\\*|#)\\s*)*'
const section = '§\\s?([0-9A-Z]+(?:\\.[0-9]+)*)'
const citation = new RegExp(`\\bRFC\\s(\\d{3,5})(?:,?${gap}${section}(?:(?:,|${gap}and|–|-)${gap}${section})*)?`, 'g')

/** rfc → section → files. */
const cited = new Map()
for (const path of execFileSync('git', ['-C', root, 'ls-files', 'packages', 'apps'], { encoding: 'utf8' }).split(
  '\n',
)) {
  if (!/^(?:packages|apps)\/[\w-]+\/src\/.*\.ts$/.test(path)) continue
  for (const match of readFileSync(root + path, 'utf8').matchAll(citation)) {
    const sections = [...match[0].matchAll(new RegExp(section, 'g'))].map(([, found]) => `§${found}`)
    for (const one of sections.length === 0 ? [''] : sections) note(match[1], one, path)
  }
}

function note(rfc, one, path) {
  if (!cited.has(rfc)) cited.set(rfc, new Map())
  const sections = cited.get(rfc)
  sections.set(one, new Set([...(sections.get(one) ?? []), path]))
}

console.log(`# RFCs

Which sections the sources cite, and where: made by \`npm run docs\`. A file that cites an RFC as a whole stands in its first line.`)
for (const [rfc, sections] of [...cited].sort(([a], [b]) => Number(a) - Number(b))) {
  console.log(`\n## RFC ${rfc}\n`)
  for (const [one, files] of [...sections].sort(([a], [b]) => inOrder(a, b)))
    console.log(
      `- ${one === '' ? '' : `${one}: `}${[...files].map((path) => `[${short(path)}](../${path})`).join(', ')}`,
    )
}

function inOrder(a, b) {
  return a.localeCompare(b, 'en', { numeric: true })
}

function short(path) {
  const [, home, rest] = /^(?:packages|apps)\/([\w-]+)\/src\/(.*)$/.exec(path)
  return `${home}/${rest}`
}
