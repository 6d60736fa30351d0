/** A cited section exists: `RFC nnnn §x.y` is looked up in the RFC's own headings. RFCs outside the collection can't be. */
import { indexPath, renderIndex } from './rfc-index.mjs'
import { isRule, matches } from './tree.mjs'

/** A line break inside a citation carries the comment's own mark with it. */
const gap = '(?:\\s|\\n\\s*(?:\\/\\/|\\*|#)\\s*)*'
const section = '§\\s?([0-9A-Za-z]+(?:\\.[0-9A-Za-z]+)*)'
const citation = new RegExp(
  `\\bRFC\\s?(\\d{3,5}),?${gap}${section}(?:(?:,|${gap}and|${gap}or|–|-|/)${gap}${section})*`,
  'g',
)
const wellFormed = /^(?:[1-9]\d?|[A-Z])(?:\.[1-9]\d?)*$/

export const rfcCitations = {
  name: 'rfc',
  *check(tree) {
    for (const path of tree.paths.filter((path) => /\.(?:ts|mjs|md|txt)$/.test(path) && !isRule(path)))
      for (const { match, line } of matches(tree.text(path), citation)) {
        const rfc = match[1]
        for (const [, cited] of match[0].matchAll(new RegExp(section, 'g'))) {
          const say = wrong(tree.rfcSections?.get(rfc), { rfc, cited })
          if (say) yield { path, line, say }
        }
      }
  },
}

function wrong(sections, { rfc, cited }) {
  if (!wellFormed.test(cited)) return `§${cited} is not a section number: write RFC ${rfc} §4.2 or RFC ${rfc} §A.1`
  if (sections && !sections.has(cited)) return `RFC ${rfc} has no §${cited}: cite the section that says it`
  return undefined
}

/** The committed index says what the texts say; only where the texts are can it be seen. */
export function staleIndex(texts, tree) {
  if (texts === undefined || tree.text(indexPath) === renderIndex(texts)) return []
  return [{ path: indexPath, line: 1, say: 'does not match the texts: node scripts/tidy.mjs --write-rfc-index' }]
}
