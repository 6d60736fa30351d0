// Takes a message in, from memory or off a stream, before any transaction: small ones stay in memory, large ones go to
// a flushed file. What comes out is parsed and ready for its row. Memory is bounded by `inlineBytesMax` a message, and
// by `parseInlineBytesMax` while one is parsed here; larger ones are parsed in the worker.

import type { FileBlobs, WrittenBlob } from '../blobs/file-blobs.js'
import type { StoreLimits } from '../limits.js'
import { refuse } from '../refusals.js'
import type { MessageSource } from '../store.js'
import { type PreparedMessage, prepareMessage } from './prepare.js'

export interface StageOptions {
  readonly limits: StoreLimits
  readonly blobs: FileBlobs
  /** Parses a large message from its file, off this thread. */
  readonly parseFile: (file: WrittenBlob) => Promise<PreparedMessage>
}

export async function stageMessage(source: MessageSource, options: StageOptions): Promise<PreparedMessage> {
  if (source instanceof Uint8Array) return stageBytes(source, options)
  const pieces = source[Symbol.asyncIterator]()
  try {
    return await stagePieces(pieces, options)
  } catch (error) {
    await pieces.return?.()
    throw error
  }
}

async function stagePieces(pieces: AsyncIterator<Uint8Array>, options: StageOptions): Promise<PreparedMessage> {
  const { inlineBytesMax } = options.limits
  const head: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { value, done } = await pieces.next()
    if (done) return stageBytes(join(head, size), options)
    head.push(value)
    size += value.length
    if (size > inlineBytesMax) return stageFile(continued(head, pieces), options)
  }
}

/** Short enough for its row, it is ready without any wait. */
export function stageInline(bytes: Uint8Array, { limits }: Pick<StageOptions, 'limits'>): PreparedMessage | undefined {
  return bytes.length <= limits.inlineBytesMax ? prepareMessage(bytes, { inline: true }) : undefined
}

async function stageBytes(bytes: Uint8Array, options: StageOptions): Promise<PreparedMessage> {
  const { limits, blobs, parseFile } = options
  if (bytes.length > limits.messageBytesMax)
    refuse('message-too-big', `A message has at most ${limits.messageBytesMax} bytes.`)
  const inline = stageInline(bytes, options)
  if (inline !== undefined) return inline
  const { messageBytesMax: bytesMax, parseInlineBytesMax } = limits
  if (bytes.length > parseInlineBytesMax) return blobs.write(once(bytes), { bytesMax, reading: parseFile })
  const reading = ({ hash }: WrittenBlob): PreparedMessage => prepareMessage(bytes, { inline: false, hash })
  return blobs.write(once(bytes), { bytesMax, reading })
}

function stageFile(pieces: AsyncIterable<Uint8Array>, options: StageOptions): Promise<PreparedMessage> {
  return options.blobs.write(pieces, { bytesMax: options.limits.messageBytesMax, reading: options.parseFile })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function* continued(head: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* head
  for (;;) {
    const { value, done } = await rest.next()
    if (done) return
    yield value
  }
}

function join(pieces: readonly Uint8Array[], size: number): Uint8Array {
  if (pieces.length === 1) return pieces[0] as Uint8Array
  const whole = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
