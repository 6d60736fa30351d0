// Character references of HTML: numbers, and the names that mail uses. A name that isn't here stays as it was written.
//
//   reference = "&#" 1*DIGIT [";"] / "&#x" 1*HEXDIG [";"] / "&" name [";"]

const latin1Names =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot ' +
  'cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml ' +
  'Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig ' +
  'agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ' +
  'ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml'

const named = new Map<string, string>([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['ensp', '\u2002'],
  ['emsp', '\u2003'],
  ['thinsp', '\u2009'],
  ['zwnj', '\u200c'],
  ['zwj', '\u200d'],
  ['ndash', '–'],
  ['mdash', '—'],
  ['lsquo', '‘'],
  ['rsquo', '’'],
  ['sbquo', '‚'],
  ['ldquo', '“'],
  ['rdquo', '”'],
  ['bdquo', '„'],
  ['bull', '•'],
  ['hellip', '…'],
  ['prime', '′'],
  ['lsaquo', '‹'],
  ['rsaquo', '›'],
  ['euro', '€'],
  ['trade', '™'],
  ['larr', '←'],
  ['uarr', '↑'],
  ['rarr', '→'],
  ['darr', '↓'],
  ['check', '✓'],
  ['OElig', 'Œ'],
  ['oelig', 'œ'],
  ['Scaron', 'Š'],
  ['scaron', 'š'],
  ['Yuml', 'Ÿ'],
])
for (const [index, name] of latin1Names.split(' ').entries()) named.set(name, String.fromCharCode(0xa0 + index))

const referenceCharsMax = 12

/** The reference that begins with the `&` at `start`. */
export function decodeCharacterReference(text: string, start: number): { text: string; end: number } | undefined {
  const match = /^&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,10}));?/.exec(
    text.slice(start, start + referenceCharsMax),
  )
  if (match === null) return undefined
  const end = start + match[0].length
  if (match[3] !== undefined) {
    const known = named.get(match[3])
    return known === undefined ? undefined : { text: known, end }
  }
  const point = match[1] !== undefined ? Number(match[1]) : Number.parseInt(match[2]!, 16)
  const valid = point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)
  return { text: valid ? String.fromCodePoint(point) : '\ufffd', end }
}
