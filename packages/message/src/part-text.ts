// The text of a text part: transfer decoding, then its charset. Whole for search, or only its beginning for a preview.
import type { ByteSource } from './byte-window.js'
import type { Charsets } from './charsets.js'
import { decodeText } from './decode-text.js'
import { parameterOf } from './parameters.js'
import type { Part } from './part.js'
import { decodeTransfer } from './transfer.js'

/** @param bytesMax how much of the part, as sent, is decoded */
export function partText(
  bytes: ByteSource,
  part: Part,
  { charsets, bytesMax }: { charsets: Charsets; bytesMax: number },
): string {
  const end = Math.min(part.bodyEnd, part.bodyStart + bytesMax)
  const sent = bytes.subarray(part.bodyStart, end)
  const text = decodeText(decodeTransfer(sent, part.encoding) ?? sent, parameterOf(part.params, 'CHARSET'), charsets)
  return end < part.bodyEnd ? text.replace(/\ufffd{1,3}$/, '') : text
}
