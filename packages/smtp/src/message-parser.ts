// The message behind DATA as it's cut out of what the client sends: dots that were put before dots are taken away, and the end is
// found, which is CRLF "." CRLF and nothing else (RFC 5321 §4.1.1.4, §4.5.2). It's smtp-server's parser with this one step done
// otherwise: it leaps from one line that begins with a dot to the next and copies nothing, where smtp-server looks at each byte and
// copies each piece, which was an eighth of the work of taking a large message (docs/decisions/smtp-server.md).

import { SMTPStream } from 'smtp-server/lib/smtp-stream.js'
import { MessageData } from './message-data.js'

type Done = (error?: Error | null) => void

const lf = 0x0a
const cr = 0x0d
const dot = 0x2e
const lineWithDot = Buffer.from('\n.')
const nothing = Buffer.alloc(0)

export class MessageParser extends SMTPStream {
  /** What came last and may turn out to belong to the end. */
  #held: Buffer = nothing

  /** @param bytesMax of which what isn't read is thrown away */
  startMessage(bytesMax = Number.POSITIVE_INFINITY): MessageData {
    const data = new MessageData({ bytesMax })
    this._dataMode = true
    this._maxBytes = Number.POSITIVE_INFINITY
    this.dataBytes = 0
    this._atDataStart = true
    // What of a stream is asked for here and in the wire is there.
    this._dataStream = data as unknown as SMTPStream['_dataStream']
    return data
  }

  override _feedDataStream(piece: Buffer, done: Done): void {
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece])
    this.#held = nothing
    let from = 0
    let heldFrom = beginOfLineEnd(bytes, bytes.length)
    for (let at = this.#firstDot(bytes); at >= 0; at = nextDot(bytes, at + 1)) {
      const next = bytes[at + 1]
      if (next === dot) {
        this.#give(bytes.subarray(from, at))
        this._atDataStart = false
        from = at + 1
        continue
      }
      const isEnd = this.#mayEnd(bytes, at) && (next === undefined || (next === cr && !isOther(bytes[at + 2], lf)))
      if (isEnd && bytes[at + 2] === lf) {
        this.#end(bytes.subarray(from, at), { behind: bytes.subarray(at + 3), done })
        return
      }
      if (isEnd || next === undefined) heldFrom = beginOfLineEnd(bytes, at)
    }
    heldFrom = Math.max(from, heldFrom)
    this.#held = bytes.subarray(heldFrom)
    if (this.#give(bytes.subarray(from, heldFrom))) done()
    else this.#whenTaken(done)
  }

  #firstDot(bytes: Buffer): number {
    return this._atDataStart && bytes[0] === dot ? 0 : nextDot(bytes, 0)
  }

  /** Behind CRLF, or at the very beginning. */
  #mayEnd(bytes: Buffer, at: number): boolean {
    return at === 0 ? this._atDataStart : bytes[at - 2] === cr
  }

  /** False where whoever reads has enough for now. */
  #give(bytes: Buffer): boolean {
    if (bytes.length === 0) return true
    this._countDataBytes(bytes.length)
    return this._dataStream?.writable !== true || this._dataStream.write(bytes)
  }

  /** A stream that its reader has destroyed closes and never drains. */
  #whenTaken(done: Done): void {
    const stream = this._dataStream
    if (stream === null || stream.destroyed) {
      done()
      return
    }
    const goOn = (): void => {
      stream.removeListener('drain', goOn)
      stream.removeListener('close', goOn)
      done()
    }
    stream.once('drain', goOn)
    stream.once('close', goOn)
  }

  #end(last: Buffer, { behind, done }: { readonly behind: Buffer; readonly done: Done }): void {
    this._countDataBytes(last.length)
    this._endDataMode(last, behind, done)
  }
}

/** The next dot from `at` on that begins a line. */
function nextDot(bytes: Buffer, at: number): number {
  const lineEnd = bytes.indexOf(lineWithDot, at)
  return lineEnd < 0 ? -1 : lineEnd + 1
}

/** Where the line end begins that stands before `at`, or a CR that may be half of one. */
function beginOfLineEnd(bytes: Buffer, at: number): number {
  if (at > 0 && bytes[at - 1] === cr) return at - 1
  if (at === 0 || bytes[at - 1] !== lf) return at
  return at > 1 && bytes[at - 2] === cr ? at - 2 : at - 1
}

const isOther = (byte: number | undefined, wanted: number): boolean => byte !== undefined && byte !== wanted
