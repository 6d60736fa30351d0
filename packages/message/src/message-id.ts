// Message-IDs as THREAD=REFERENCES compares them (RFC 5256 §3): quoting is undone, so that one id has one form. Used for the
// message's own id and for its references.
//
//   msg-id   = [CFWS] "<" id-left "@" id-right ">" [CFWS]        ; RFC 5322 §3.6.4
//   id-left  = dot-atom-text / obs-id-left                       ; obs: a local-part, which may be quoted
import { referencesMax } from './limits.js'

/** The valid ids of a field, in order. With `max`, the first and the last ones: a hostile References field has a million. */
export function messageIds(value: string | undefined, max = referencesMax): string[] {
  const ids: string[] = []
  if (value === undefined) return ids
  let at = value.indexOf('<')
  while (at >= 0) {
    const end = idEnd(value, at + 1)
    const id = normalized(value.slice(at + 1, end))
    if (id !== undefined && value.charCodeAt(end) === GREATER) {
      if (ids.length === max * 2) ids.splice(1, max)
      ids.push(id)
    }
    at = value.indexOf('<', end)
  }
  if (ids.length > max) ids.splice(1, ids.length - max)
  return ids
}

export function firstMessageId(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  for (let at = value.indexOf('<'); at >= 0; ) {
    const end = idEnd(value, at + 1)
    const id = normalized(value.slice(at + 1, end))
    if (id !== undefined && value.charCodeAt(end) === GREATER) return id
    at = value.indexOf('<', end)
  }
  return undefined
}

/**
 * RFC 5256 §3, step 1: the ids of References; if it's missing or has none, the first one of In-Reply-To, which is the only one
 * there that can be taken for a message.
 */
export function threadReferences(references: string | undefined, inReplyTo: string | undefined): string[] {
  const ids = messageIds(references)
  if (ids.length > 0) return ids
  const parent = firstMessageId(inReplyTo)
  return parent === undefined ? [] : [parent]
}

const GREATER = 0x3e
const LESS = 0x3c
const DQUOTE = 0x22
const BACKSLASH = 0x5c

/** The offset of the `>` that ends an id, of a `<` that shows it was none, or of the text's end. */
function idEnd(text: string, start: number): number {
  let quoted = false
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === DQUOTE && (quoted || at === start)) quoted = !quoted
    else if (code === BACKSLASH && quoted) at++
    else if (!quoted && (code === GREATER || code === LESS)) return at
  }
  return text.length
}

function normalized(content: string): string | undefined {
  const id = /[\s"\\]/.test(content) ? unquoted(content) : content
  const at = id.lastIndexOf('@')
  return at > 0 && at < id.length - 1 ? `<${id}>` : undefined
}

/** Folding white space (inside of an id it came from a broken folder) and quoting are both no part of the id. */
function unquoted(content: string): string {
  return content.replace(/\\([\s\S])|["\s]/g, '$1')
}
