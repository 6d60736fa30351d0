/**
 * Which sections each RFC has. The numbers are read from a collection of RFC texts when one lies beside the checkout, and
 * kept in rfc-sections.json, one line for each RFC, so that citations are checked the same way without the texts.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const textsFolder = join('..', 'shared', 'rfc')
export const indexPath = join('scripts', 'rfc-sections.json')

const heading = [
  /^(\d{1,2}(?:\.\d{1,2})*)\.?\s+\S/,
  /^appendix\s+([A-Z](?:\.\d{1,2})*)\b/i,
  /^([A-Z](?:\.\d{1,2})+)\.?\s+\S/,
  // In the table of contents: some old texts indent their headings, or print them without a number.
  /^\s+(?:appendix\s+)?(\d{1,2}(?:\.\d{1,2})*|[A-Z](?:\.\d{1,2})*)[.:]?\s+\S.*\.\s*\.\s*\d+$/i,
]

export function sectionsOf(text) {
  const found = text
    .split('\n')
    .flatMap((line) => heading.map((form) => form.exec(line.trimEnd())?.[1]).filter(Boolean))
  return new Set(found.map((section) => section.toUpperCase()).sort(byNumber))
}

const byNumber = (a, b) => a.localeCompare(b, 'en', { numeric: true })

/** RFC number → its sections, or undefined where neither the texts nor the index are. */
export function readIndex(root) {
  const path = join(root, indexPath)
  if (!existsSync(path)) return undefined
  const lines = Object.entries(JSON.parse(readFileSync(path, 'utf8')))
  return new Map(lines.map(([rfc, sections]) => [rfc, new Set(sections.split(' '))]))
}

/** The same from the texts themselves, or undefined where there are none. */
export function readTexts(root) {
  const folder = join(root, textsFolder)
  if (!existsSync(folder)) return undefined
  const names = readdirSync(folder).filter((name) => /^rfc\d+\.txt$/.test(name))
  return new Map(names.map((name) => [name.slice(3, -4), sectionsOf(readFileSync(join(folder, name), 'latin1'))]))
}

export function writeIndex(root) {
  const texts = readTexts(root)
  if (texts === undefined) throw new Error(`There are no RFC texts in ${textsFolder}.`)
  writeFileSync(join(root, indexPath), renderIndex(texts))
}

export function renderIndex(texts) {
  const lines = [...texts].map(([rfc, sections]) => [rfc, [...sections].join(' ')])
  return `${JSON.stringify(Object.fromEntries(lines), null, 2)}\n`
}
