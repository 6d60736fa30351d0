// What LIST matches names with. RFC 9051 §6.3.9: `*` is zero or more characters, `%` zero or more but not the delimiter; INBOX is
// matched without case. All places of the pattern that a prefix of the name can reach are followed at once, so that the time
// is at most the square of the name's length, whatever stands in the pattern.

export type NameMatch = (name: string) => boolean

/** Pattern and names are decoded; `delimiter` is one character. */
export function listPattern(pattern: string, delimiter: string): NameMatch {
  const tokens = pattern.replace(/[*%]{2,}/g, (run) => (run.includes('*') ? '*' : '%'))
  if (tokens === '*') return () => true
  if (tokens === '%') return (name) => !name.includes(delimiter)
  const lengthMin = tokens.replace(/[*%]/g, '').length
  return (name) => name.length >= lengthMin && matches(tokens, name, delimiter)
}

function matches(tokens: string, name: string, delimiter: string): boolean {
  const foldedEnd = name === 'INBOX' || name.startsWith(`INBOX${delimiter}`) ? 5 : 0
  let places = new Uint8Array(tokens.length + 1)
  let after = new Uint8Array(tokens.length + 1)
  places[0] = 1
  passWildcards(tokens, places)
  for (let i = 0; i < name.length; i++) {
    const character = name[i]!
    let anyPlace = false
    after.fill(0)
    for (let place = 0; place < tokens.length; place++) {
      if (places[place] === 0) continue
      const token = tokens[place]!
      if (token === '*' || token === '%') {
        if (token === '*' || character !== delimiter) after[place] = 1
      } else if (token === character || (i < foldedEnd && token.toUpperCase() === character)) after[place + 1] = 1
      anyPlace ||= after[place] === 1 || after[place + 1] === 1
    }
    if (!anyPlace) return false
    passWildcards(tokens, after)
    ;[places, after] = [after, places]
  }
  return places[tokens.length] === 1
}

/** A wildcard matches nothing, too. */
function passWildcards(tokens: string, places: Uint8Array): void {
  for (let place = 0; place < tokens.length; place++)
    if (places[place] === 1 && (tokens[place] === '*' || tokens[place] === '%')) places[place + 1] = 1
}
