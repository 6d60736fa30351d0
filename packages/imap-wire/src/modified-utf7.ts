// Mailbox names for clients that haven't enabled UTF-8. RFC 3501 §5.1.3: printable US-ASCII stands for itself, `&` is `&-`, and
// runs of all else are UTF-16 in base64 with `,` for `/`, between `&` and `-`.
//
// Encoding gives the one right form. Decoding takes what has one meaning, even where the RFC forbids to write it so: `&AOQ-&APY-`
// (a null shift) and ASCII in base64 come from real clients. What can't be decoded (`Q&A`, a missing `-`, half a surrogate pair)
// is taken as it stands, whole: no LIST has ever shown such a name, so that it comes from a script that doesn't know of this
// encoding, and what it calls the mailbox then works for CREATE as for SELECT. The store judges the decoded name alone, so
// that no spelling gets past its rules.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,'
const sixBitsOf = new Map(Array.from(alphabet, (character, value) => [character.charCodeAt(0), value]))

export function decodeModifiedUtf7(text: string): string {
  if (!text.includes('&')) return text
  let name = ''
  let at = 0
  for (let shift = text.indexOf('&'); shift >= 0; shift = text.indexOf('&', at)) {
    const end = text.indexOf('-', shift)
    if (end < 0) return text
    const units = end === shift + 1 ? '&' : decodeShift(text, shift + 1, end)
    if (units === undefined) return text
    name += text.slice(at, shift) + units
    at = end + 1
  }
  name += text.slice(at)
  return name.isWellFormed() ? name : text
}

function decodeShift(text: string, start: number, end: number): string | undefined {
  let units = ''
  let bits = 0
  let count = 0
  for (let i = start; i < end; i++) {
    const value = sixBitsOf.get(text.charCodeAt(i))
    if (value === undefined) return undefined
    bits = (bits << 6) | value
    count += 6
    if (count >= 16) {
      count -= 16
      units += String.fromCharCode((bits >> count) & 0xffff)
      bits &= (1 << count) - 1
    }
  }
  // Less than a character of base64 is left over, and it's padding.
  return count < 6 && bits === 0 ? units : undefined
}

export function encodeModifiedUtf7(name: string): string {
  let text = ''
  let at = 0
  while (at < name.length) {
    const code = name.charCodeAt(at)
    if (isPrintable(code)) {
      text += code === 0x26 ? '&-' : name[at]
      at++
    } else {
      const start = at
      while (at < name.length && !isPrintable(name.charCodeAt(at))) at++
      text += `&${encodeShift(name.slice(start, at).toWellFormed())}-`
    }
  }
  return text
}

function isPrintable(code: number): boolean {
  return code >= 0x20 && code <= 0x7e
}

function encodeShift(units: string): string {
  let text = ''
  let bits = 0
  let count = 0
  for (let i = 0; i < units.length; i++) {
    bits = (bits << 16) | units.charCodeAt(i)
    count += 16
    while (count >= 6) {
      count -= 6
      text += alphabet[(bits >> count) & 63]
    }
    bits &= (1 << count) - 1
  }
  return count > 0 ? text + alphabet[(bits << (6 - count)) & 63] : text
}
