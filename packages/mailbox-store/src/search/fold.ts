// How text is compared in searching and sorting: case and the ways of writing one character don't count. It is
// i;unicode-casemap (RFC 5051, which RFC 5255 asks for) widened where that one leaves users out: text is decomposed
// (NFKD) and brought to one case, ß equals ss and ẞ, final sigma sigma, and all Turkish i's are i. Decomposing has
// the effect RFC 5051 has: `cafe` is a substring of `café`, `café` isn't one of `cafe`.
//
// A match is `fold(text).includes(fold(needle))`, here and nowhere else; the index only narrows. Line breaks count as
// they stand in the decoded text.

export interface Folded {
  readonly text: string
  readonly ascii: boolean
}

const beyondAscii = /[^\0-\x7f]/

export function fold(text: string): string {
  return beyondAscii.test(text) ? foldUnicode(text) : text.toLowerCase()
}

/** Case first up, then down: capitals without a small form of their own and small letters without a capital meet. */
function foldUnicode(text: string): string {
  const folded = text.toWellFormed().normalize('NFKD').toUpperCase().toLowerCase()
  return folded.replaceAll('ß', 'ss').replaceAll('ς', 'σ').replaceAll('i\u0307', 'i').normalize('NFKD')
}

/** What a folded string occupies: the engine keeps text with characters beyond Latin-1 in two bytes each. */
export function foldedBytes(folded: string): number {
  return beyondAscii.test(folded) ? folded.length * 2 : folded.length
}
