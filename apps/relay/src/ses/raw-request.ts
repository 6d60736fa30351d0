/** SendEmail's body, `{"Destination":…,"Content":{"Raw":{"Data":"<base64>"}}}`, made piece by piece from the message. */
import type { OutgoingMessage } from '../transport.js'

export interface RawRequest {
  readonly size: number
  /** The same bytes at each call. */
  readonly body: () => AsyncIterable<Uint8Array>
}

export function rawRequest(message: OutgoingMessage, recipients: readonly string[]): RawRequest {
  const shell = { Destination: { ToAddresses: recipients }, Content: { Raw: { Data: '' } } }
  const text = JSON.stringify(shell)
  const end = '"}}}'
  const head = Buffer.from(text.slice(0, -end.length))
  const tail = Buffer.from(end)
  return {
    size: head.length + Math.ceil(message.size / 3) * 4 + tail.length,
    async *body() {
      yield head
      yield* base64(message.read())
      yield tail
    },
  }
}

/** Three bytes make four letters: what's left of a piece goes with the next one. */
async function* base64(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let rest = Buffer.alloc(0)
  for await (const piece of pieces) {
    const bytes = Buffer.concat([rest, piece])
    const whole = bytes.length - (bytes.length % 3)
    rest = Buffer.from(bytes.subarray(whole))
    if (whole > 0) yield Buffer.from(bytes.toString('base64', 0, whole), 'latin1')
  }
  if (rest.length > 0) yield Buffer.from(rest.toString('base64'), 'latin1')
}
