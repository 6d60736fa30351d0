// How text is compared in searching and sorting: as `fold` of @postern/message has it. A match is `fold(text).includes(fold(needle))`,
// here and nowhere else; the index only narrows. Line breaks count as they stand in the decoded text.

export { fold } from '@postern/message'

export interface Folded {
  readonly text: string
  readonly ascii: boolean
}

const beyondAscii = /[^\0-\x7f]/

/** What a folded string occupies: the engine keeps text with characters beyond Latin-1 in two bytes each. */
export function foldedBytes(folded: string): number {
  return beyondAscii.test(folded) ? folded.length * 2 : folded.length
}
