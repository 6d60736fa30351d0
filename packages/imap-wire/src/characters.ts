// The character classes of RFC 9051 §9, one bit each in a table by octet.
//
//   ATOM-CHAR     = <any CHAR except atom-specials>
//   atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
//   ASTRING-CHAR  = ATOM-CHAR / resp-specials
//   list-char     = ATOM-CHAR / list-wildcards / resp-specials
//   tag           = 1*<any ASTRING-CHAR except "+">

export const ATOM = 1
export const ASTRING = 2
export const LIST = 4
export const TAG = 8
/** tagged-label-char (RFC 4466 §3), which is also all that names of FETCH items and of section texts consist of. */
export const LABEL = 16
/** What stands for itself between quotes: TEXT-CHAR except quoted-specials. */
export const QUOTED = 32
/** No SP and no CTL: a login name or a password as clients send it that don't quote. */
export const VISIBLE = 64
export const BASE64 = 128

export const classesOf = new Uint8Array(256)

function add(bit: number, characters: string): void {
  for (const character of characters) classesOf[character.charCodeAt(0)]! |= bit
}

function remove(bit: number, characters: string): void {
  for (const character of characters) classesOf[character.charCodeAt(0)]! &= ~bit
}

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const alphanumeric = `${upper}${upper.toLowerCase()}0123456789`

for (let code = 0x21; code < 0x7f; code++) classesOf[code] = ATOM | ASTRING | LIST | TAG | VISIBLE
for (let code = 0x80; code < 0x100; code++) classesOf[code] = VISIBLE
for (let code = 0x01; code < 0x80; code++) classesOf[code]! |= QUOTED
remove(ATOM, '(){%*"\\]')
remove(ASTRING, '(){%*"\\')
remove(LIST, '(){"\\')
remove(TAG, '(){%*"\\+')
remove(QUOTED, '\r\n"\\')
add(LABEL, `${alphanumeric}-_.:`)
add(BASE64, `${alphanumeric}+/`)

export function consistsOf(text: string, bit: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 255 || (classesOf[code]! & bit) === 0) return false
  }
  return text !== ''
}
