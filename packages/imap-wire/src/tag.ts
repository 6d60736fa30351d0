// The tag that the answer to a broken command begins with. RFC 9051 §2.2.1; contract C8: a BAD, and the session goes on.
import { classesOf, TAG } from './characters.js'
import { latin1 } from './latin1.js'

const tagLengthMax = 64

/** From how the command begins; `*` where that is no tag, or one that nobody would make. */
export function tagOf(start: Uint8Array): string {
  let end = 0
  while (end < start.length && (classesOf[start[end]!]! & TAG) !== 0) end++
  const isTag = end > 0 && end <= tagLengthMax && (end === start.length || start[end] === 0x20)
  return isTag ? latin1(start.subarray(0, end)) : '*'
}
