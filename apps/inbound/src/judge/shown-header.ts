// The header as mailauth is shown it. It reads strangers' text with steps that grow with the square of its size, hashes the body once for each
// kind of signature, and puts what a property of ARC-Authentication-Results is called into an object as it's called: so what goes in
// is bounded here, and one that names `__proto__` doesn't. What is left out isn't believed: a signature over it fails. Real
// signatures are a quarter as long and a third as many.

import { type Field, fieldsNamed, type Header } from '@postern/smtp'

export const dkimSignaturesMax = 10
export const signatureBytesMax = 4_096
/** Names of fields that a signature covers. Each is looked for among all fields of the header. */
export const signedNamesMax = 250
export const headerLinesMax = 5_000

const watched = new Set([
  'dkim-signature',
  'arc-seal',
  'arc-message-signature',
  'arc-authentication-results',
  'from',
  'return-path',
  'content-type',
])

/**
 * Ends with the empty line; undefined where it has too many lines to be looked at.
 * @param without what else isn't shown
 */
export function shownHeader(header: Header, without: readonly Field[]): Buffer | undefined {
  const { bytes, text, fields } = header
  if (linesOf(text) > headerLinesMax) return undefined
  const excess = new Set([...fieldsNamed(header, 'dkim-signature').slice(dkimSignaturesMax), ...without])
  const left = fields.filter(
    (field) =>
      excess.has(field) || (watched.has(field.name) && isUnfit(field.name, text.slice(field.start, field.end))),
  )
  const pieces: Buffer[] = []
  let done = 0
  for (const { start, end } of left) {
    pieces.push(bytes.subarray(done, start))
    done = end
  }
  const end = text.endsWith('\r\n\r\n') ? bytes.length - 2 : bytes.length
  pieces.push(bytes.subarray(done, end), Buffer.from(text.endsWith('\r\n') ? '\r\n' : '\r\n\r\n'))
  return Buffer.concat(pieces)
}

function isUnfit(name: string, field: string): boolean {
  if (field.length > signatureBytesMax) return true
  switch (name) {
    case 'arc-authentication-results':
      return namesPrototype.test(field)
    case 'dkim-signature':
    case 'arc-message-signature':
      return field.split(':').length > signedNamesMax
    default:
      return false
  }
}

/** Between its letters may stand what mailauth drops: quotes, backslashes and comments. */
const dropped = String.raw`(?:[\\"']|\([^)]*\))*`
const namesPrototype = new RegExp([...'__proto__'].join(dropped), 'i')

function linesOf(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
