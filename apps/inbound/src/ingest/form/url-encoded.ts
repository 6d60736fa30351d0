// application/x-www-form-urlencoded piece by piece: `name=value` with `&` between them, `+` for a space and `%` with two hex digits for
// any other byte (WHATWG URL §5.1). Values come out as bytes.

import { formFieldsMax, formHeaderBytesMax } from '../limits.js'
import { malformed } from '../post.js'
import type { FormPiece } from './form-piece.js'

const none = Buffer.alloc(0)

export async function* urlEncodedPieces(body: AsyncIterable<Buffer>): AsyncGenerator<FormPiece> {
  let fields = 0
  /** Of the field whose value is being read. */
  let name: string | undefined
  let rest = ''
  const begin = (encoded: string): FormPiece => {
    if (++fields > formFieldsMax) throw malformed(`The form has more than ${formFieldsMax} fields.`)
    name = decoded(encoded).toString('utf8')
    return { name, begins: true, bytes: none }
  }
  for await (const piece of body) {
    rest += piece.toString('latin1')
    for (;;) {
      if (name === undefined) {
        const end = /[=&]/.exec(rest)
        if (end === null) {
          if (rest.length > formHeaderBytesMax) throw malformed('The name of a field of the form is too long.')
          break
        }
        if (end.index > 0 || end[0] === '=') yield begin(rest.slice(0, end.index))
        rest = rest.slice(end.index + 1)
        if (end[0] === '&') name = undefined
        continue
      }
      const end = rest.indexOf('&')
      const value = end < 0 ? wholeEscapes(rest) : rest.slice(0, end)
      if (value !== '') yield { name, begins: false, bytes: decoded(value) }
      rest = rest.slice(end < 0 ? value.length : end + 1)
      if (end < 0) break
      name = undefined
    }
  }
  if (name !== undefined && rest !== '') yield { name, begins: false, bytes: decoded(rest) }
  if (name === undefined && rest !== '') yield begin(rest)
}

/** Without an escape that has begun and isn't all there. */
const wholeEscapes = (text: string): string => text.replace(/%[\da-f]?$/i, '')

function decoded(text: string): Buffer {
  const plain = text.replaceAll('+', ' ')
  const bytes = plain.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1')
}
