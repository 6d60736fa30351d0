// Whether an Authentication-Results field that came with a message may be taken for one of ours, by any reader: RFC 8601 §5 wants those
// gone. What can't be read for certain and has our name in it is taken for one too.
//
//   authserv-id = value           ; a token or a quoted string, comments and folding around it

/** @param value the field's value as it came, folded or not */
export function claimsToBe(hostname: string, value: string): boolean {
  const own = hostname.toLowerCase()
  const flat = value.replace(/[\r\n\x00]/g, '')
  const { text, isSure } = withoutComments(flat)
  if (!isSure) return flat.toLowerCase().includes(own)
  return namesIn(text).some((name) => name === own)
}

/** What stands where a name may: the words of each part before its first `=`, without what is put around them. */
function namesIn(text: string): readonly string[] {
  const words = text.split(';').flatMap((part) => (part.split('=', 1)[0] as string).split(/[\s/,]+/))
  return words.map((word) =>
    word
      .replace(/["'`<>[\]]/g, '')
      .replace(/(?<!\.)\.+$/, '')
      .toLowerCase(),
  )
}

/** Comments go, nested ones too; quotes keep what is in them. Not sure: something is left open. */
function withoutComments(value: string): { readonly text: string; readonly isSure: boolean } {
  let text = ''
  let depth = 0
  let isQuoted = false
  for (let at = 0; at < value.length; at++) {
    const character = value[at] as string
    if (character === '\\') {
      if (depth === 0) text += value[at + 1] ?? ''
      at++
    } else if (character === '"' && depth === 0) isQuoted = !isQuoted
    else if (character === '(' && !isQuoted) depth++
    else if (character === ')' && !isQuoted && depth > 0) {
      depth--
      text += ' '
    } else if (depth === 0) text += character
  }
  return { text, isSure: depth === 0 && !isQuoted }
}
