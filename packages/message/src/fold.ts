// How text is compared in searching, sorting and in the rules of inboxes: case and the ways of writing one character don't count. It is
// i;unicode-casemap (RFC 5051, which RFC 5255 asks for) widened where that one leaves users out: text is decomposed
// (NFKD) and brought to one case, ß equals ss and ẞ, final sigma sigma, and all Turkish i's are i. Decomposing has
// the effect RFC 5051 has: `cafe` is a substring of `café`, `café` isn't one of `cafe`.

const beyondAscii = /[^\0-\x7f]/

export function fold(text: string): string {
  return beyondAscii.test(text) ? foldUnicode(text) : text.toLowerCase()
}

/** Case first up, then down: capitals without a small form of their own and small letters without a capital meet. */
function foldUnicode(text: string): string {
  const folded = text.toWellFormed().normalize('NFKD').toUpperCase().toLowerCase()
  return folded.replaceAll('ß', 'ss').replaceAll('ς', 'σ').replaceAll('i\u0307', 'i').normalize('NFKD')
}
