// A form whose one large field is a message: that field goes into the hold, where the message waits for what is said about it in the
// other fields, which may come before it or behind it. Those are read as text, and are short.

import { type HeldText, holdText } from '@postern/smtp'
import type { DiskUse } from '../../arrival.js'
import type { InboundContext } from '../../context.js'
import { formFieldBytesMax } from '../limits.js'
import { malformed } from '../post.js'
import type { FormPiece } from './form-piece.js'
import { multipartPieces } from './multipart.js'
import { urlEncodedPieces } from './url-encoded.js'

export interface ReadFormOptions {
  readonly contentType: string
  /** The message's. */
  readonly field: string
  /** The other ones that are wanted; what else comes is passed over. */
  readonly wanted: readonly string[]
  readonly disk: DiskUse
  readonly holding: InboundContext['holding']
}

export interface Form {
  readonly fields: ReadonlyMap<string, string>
  readonly text: HeldText | undefined
}

/** Whoever gets it lets go of its text. */
export async function readForm(body: AsyncIterable<Buffer>, options: ReadFormOptions): Promise<Form> {
  const pieces = piecesOf(body, options.contentType)
  const found = new Map<string, Buffer[]>()
  let text: HeldText | undefined
  try {
    for (let piece = await nextOf(pieces); piece !== undefined; ) {
      if (piece.begins && (found.has(piece.name) || (piece.name === options.field && text !== undefined)))
        throw malformed(`The field ${piece.name} comes twice in the form.`)
      if (piece.name !== options.field) {
        if (options.wanted.includes(piece.name)) keep(found, piece)
        piece = await nextOf(pieces)
        continue
      }
      const message = new UpToNextField(pieces)
      text = await holdText(
        { header: Buffer.alloc(0), next: () => message.next() },
        { ...options.holding, disk: options.disk },
      )
      piece = message.behind
    }
  } catch (error) {
    await text?.drop()
    throw error
  }
  const fields = new Map(Array.from(found, ([name, parts]) => [name, Buffer.concat(parts).toString('utf8')]))
  return { fields, text }
}

function piecesOf(body: AsyncIterable<Buffer>, contentType: string): AsyncGenerator<FormPiece> {
  const [, type = '', parameters = ''] = /^\s*([^\s;]+)\s*(;.*)?$/s.exec(contentType) ?? []
  switch (type.toLowerCase()) {
    case 'multipart/form-data': {
      const [, quoted, word] = /;\s*boundary=(?:"([^"]*)"|([^\s;"]+))/i.exec(parameters) ?? []
      return multipartPieces(body, quoted ?? word ?? '')
    }
    case 'application/x-www-form-urlencoded':
      return urlEncodedPieces(body)
    default:
      throw malformed('The post is no form: its Content-Type is neither of the two that forms have.')
  }
}

async function nextOf(pieces: AsyncGenerator<FormPiece>): Promise<FormPiece | undefined> {
  const { value, done } = await pieces.next()
  return done === true ? undefined : value
}

function keep(found: Map<string, Buffer[]>, { name, bytes }: FormPiece): void {
  const parts = found.get(name) ?? []
  parts.push(bytes)
  found.set(name, parts)
  if (parts.reduce((sum, { length }) => sum + length, 0) > formFieldBytesMax)
    throw malformed(`The field ${name} of the form is longer than ${formFieldBytesMax} bytes.`)
}

/** The pieces of one field, and the first one behind it. */
class UpToNextField {
  behind: FormPiece | undefined
  readonly #pieces: AsyncGenerator<FormPiece>
  constructor(pieces: AsyncGenerator<FormPiece>) {
    this.#pieces = pieces
  }
  async next(): Promise<Buffer | undefined> {
    const piece = await nextOf(this.#pieces)
    if (piece !== undefined && !piece.begins) return piece.bytes
    this.behind = piece
    return undefined
  }
}
