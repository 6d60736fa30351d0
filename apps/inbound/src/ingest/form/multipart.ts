// multipart/form-data (RFC 7578) piece by piece, so that no part is held. What stands before the first boundary and behind the last is
// passed over; a form that ends without its last boundary was cut off, and is refused.
//
//   dash-boundary   = "--" boundary
//   delimiter       = CRLF dash-boundary
//   close-delimiter = delimiter "--"

import { formFieldsMax, formHeaderBytesMax } from '../limits.js'
import { malformed } from '../post.js'
import type { FormPiece } from './form-piece.js'

const boundaryCharactersMax = 200
const none = Buffer.alloc(0)

export async function* multipartPieces(body: AsyncIterable<Buffer>, boundary: string): AsyncGenerator<FormPiece> {
  if (boundary === '' || boundary.length > boundaryCharactersMax) throw malformed('The form has no boundary.')
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  const source = new Source(body)
  // The first boundary may be the first thing there is.
  source.unread(Buffer.from('\r\n'))
  for await (const _ of upTo(delimiter, source));
  for (let fields = 1; await another(source); fields++) {
    if (fields > formFieldsMax) throw malformed(`The form has more than ${formFieldsMax} fields.`)
    const name = await readName(source)
    yield { name, begins: true, bytes: none }
    for await (const bytes of upTo(delimiter, source)) yield { name, begins: false, bytes }
  }
  do source.bytes = none
  while (await source.more())
}

/** What has come of the body and isn't read yet. */
class Source {
  bytes: Buffer = none
  readonly #pieces: AsyncIterator<Buffer>
  constructor(body: AsyncIterable<Buffer>) {
    this.#pieces = body[Symbol.asyncIterator]()
  }
  unread(bytes: Buffer): void {
    this.bytes = Buffer.concat([bytes, this.bytes])
  }
  take(length: number): Buffer {
    const taken = this.bytes.subarray(0, length)
    this.bytes = this.bytes.subarray(length)
    return taken
  }
  /** False at the end of the body. */
  async more(): Promise<boolean> {
    const { value, done } = await this.#pieces.next()
    if (done === true) return false
    this.bytes = this.bytes.length === 0 ? value : Buffer.concat([this.bytes, value])
    return true
  }
  async need(length: number): Promise<void> {
    while (this.bytes.length < length) if (!(await this.more())) throw cutOff()
  }
}

const cutOff = () => malformed('The form was cut off.')

/** All before the delimiter, which is read and forgotten. */
async function* upTo(delimiter: Buffer, source: Source): AsyncGenerator<Buffer> {
  for (;;) {
    const at = source.bytes.indexOf(delimiter)
    if (at >= 0) {
      const last = source.take(at)
      source.take(delimiter.length)
      if (last.length > 0) yield last
      return
    }
    // The delimiter may have begun in the last bytes.
    const sure = source.bytes.length - delimiter.length + 1
    if (sure > 0) yield source.take(sure)
    if (!(await source.more())) throw cutOff()
  }
}

/** Behind a boundary: two hyphens are the end, and white space means nothing (RFC 2046 §5.1.1). */
async function another(source: Source): Promise<boolean> {
  await source.need(2)
  if (source.bytes.toString('latin1', 0, 2) === '--') return false
  let looked = 0
  for (; ; looked++) {
    await source.need(looked + 2)
    if (source.bytes[looked] === 0x0d && source.bytes[looked + 1] === 0x0a) break
    if ((source.bytes[looked] !== 0x20 && source.bytes[looked] !== 0x09) || looked > boundaryCharactersMax)
      throw malformed('The form has bytes behind a boundary.')
  }
  // Its CRLF stays: a part without header fields begins with another one.
  source.take(looked)
  return true
}

async function readName(source: Source): Promise<string> {
  let end = source.bytes.indexOf('\r\n\r\n')
  while (end < 0) {
    if (source.bytes.length > formHeaderBytesMax || !(await source.more()))
      throw malformed('The header of a part of the form is too long, or has no end.')
    end = source.bytes.indexOf('\r\n\r\n')
  }
  if (end > formHeaderBytesMax) throw malformed('The header of a part of the form is too long.')
  const header = source.take(end + 4).toString('utf8')
  const disposition = /^content-disposition:[ \t]*form-data[ \t]*;(.*)$/im.exec(header)?.[1] ?? ''
  const name = parameterOf(disposition, 'name')
  if (name === undefined) throw malformed('A part of the form has no name.')
  return name
}

/** One after the other: what looks like a parameter inside another one's quotes is none. */
function parameterOf(parameters: string, wanted: string): string | undefined {
  for (const [, name = '', quoted, word] of parameters.matchAll(/([^\s=;"]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/g))
    if (name.toLowerCase() === wanted) return quoted?.replace(/\\(.)/g, '$1') ?? word
  return undefined
}
