// The base subject of RFC 5256 §2.1, exactly as the RFC's steps have it: servers and disconnected clients must agree on it. Works
// on offsets into one string, so that a subject of a hundred thousand `Re:` is read once.
//
//   subj-leader  = (*subj-blob subj-refwd) / WSP
//   subj-refwd   = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
//   subj-blob    = "[" *BLOBCHAR "]" *WSP
//   subj-trailer = "(fwd)" / WSP
//   subj-fwd     = subj-fwd-hdr subject subj-fwd-trl            ; "[fwd:" and "]"

export interface BaseSubject {
  text: string
  /** RFC 5256 §3, step 5: something was taken away that says it's an answer or was forwarded. */
  isReplyOrForward: boolean
}

/** @param subject unfolded, encoded words decoded */
export function baseSubject(subject: string): BaseSubject {
  const text = singleSpaced(subject)
  let start = 0
  let end = text.length
  let isReplyOrForward = false
  for (;;) {
    const trimmed = withoutTrailers(text, start, end) // (2)
    if (trimmed.removedForward) isReplyOrForward = true
    end = trimmed.end
    for (;;) {
      const blobs = blobsEnd(text, start, end)
      const leader = start < end && text.charCodeAt(start) === SP ? start + 1 : refwdEnd(text, blobs.end, end) // (3)
      if (leader === blobs.end) {
        start = blobs.end < end ? blobs.end : blobs.last // (4), (5)
        break
      }
      if (text.charCodeAt(start) !== SP) isReplyOrForward = true
      start = leader
    }
    if (!isForwardWrapped(text, start, end)) return { text: text.slice(start, end), isReplyOrForward } // (7)
    isReplyOrForward = true // (6)
    start += forwardHeader.length
    end -= 1
  }
}

const SP = 0x20
const forwardHeader = '[fwd:'
const forwardTrailer = '(fwd)'

/** (1) Tabs and continuations are spaces, several spaces are one. */
function singleSpaced(subject: string): string {
  return subject.replace(/[\t\r\n ]+/g, ' ')
}

function withoutTrailers(text: string, start: number, from: number): { end: number; removedForward: boolean } {
  let end = from
  let removedForward = false
  for (;;) {
    if (end > start && text.charCodeAt(end - 1) === SP) end--
    else if (end - start >= forwardTrailer.length && startsWith(text, end - forwardTrailer.length, forwardTrailer)) {
      end -= forwardTrailer.length
      removedForward = true
    } else return { end, removedForward }
  }
}

/** Behind all the subj-blobs at `start`, and where the last of them begins. None: both are `start`. */
function blobsEnd(text: string, start: number, end: number): { end: number; last: number } {
  let last = start
  let at = start
  for (let next = blobEnd(text, at, end); next > at; next = blobEnd(text, at, end)) {
    last = at
    at = next
  }
  return { end: at, last }
}

/** Behind the subj-refwd at `start`, or `start`. */
function refwdEnd(text: string, start: number, end: number): number {
  let at = start
  if (startsWith(text, at, 'fwd')) at += 3
  else if (startsWith(text, at, 're') || startsWith(text, at, 'fw')) at += 2
  else return start
  at = skipSpaces(text, at, end)
  at = blobEnd(text, at, end)
  return at < end && text.charCodeAt(at) === 0x3a ? at + 1 : start
}

/** The end of a subj-blob and the white space behind it, or `start`. */
function blobEnd(text: string, start: number, end: number): number {
  if (start >= end || text.charCodeAt(start) !== 0x5b) return start
  for (let at = start + 1; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5b) return start
    if (code === 0x5d) return skipSpaces(text, at + 1, end)
  }
  return start
}

function skipSpaces(text: string, start: number, end: number): number {
  let at = start
  while (at < end && text.charCodeAt(at) === SP) at++
  return at
}

function isForwardWrapped(text: string, start: number, end: number): boolean {
  return (
    end - start > forwardHeader.length && text.charCodeAt(end - 1) === 0x5d && startsWith(text, start, forwardHeader)
  )
}

/** ABNF strings match in either case. */
function startsWith(text: string, start: number, lower: string): boolean {
  return text.slice(start, start + lower.length).toLowerCase() === lower
}
