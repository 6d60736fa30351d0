/**
 * A reply of an SMTP server (RFC 5321 §4.2) taken apart: its code, the enhanced status in front of its text (RFC 2034 §4), and the
 * words, on one line and of bounded length. What it means for a recipient is said here once.
 */
import type { Sent } from '../transport.js'

export interface Reply {
  readonly code: string
  readonly status: string | undefined
  readonly text: string
}

const textLengthMax = 500

/** Undefined where it doesn't begin with a reply code. */
export function parseReply(reply: string): Reply | undefined {
  const lines = reply.split(/\r?\n/)
  const code = /^[2-5]\d\d(?=[ -]|$)/.exec(lines[0] ?? '')?.[0]
  if (code === undefined) return undefined
  const texts = lines.map((line) => line.replace(/^\d\d\d[ -]?/, ''))
  const status = statusOf(texts[0] ?? '', code)
  const words = texts.map((text) => (statusOf(text, code) === undefined ? text : text.replace(/^\S+\s*/, '')))
  return { code, status, text: oneLine(words.join(' ')) }
}

/** A status of another class than the code's says nothing. */
function statusOf(text: string, code: string): string | undefined {
  const status = /^([245]\.\d{1,3}\.\d{1,3})(?=\s|$)/.exec(text)?.[1]
  return status?.[0] === code[0] ? status : undefined
}

/** Words of another machine, fit for a log and a DSN. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ').trim()
  return line.length > textLengthMax ? `${line.slice(0, textLengthMax)}…` : line
}

/** 2yz, 4yz and 5yz (RFC 5321 §4.2.1); anything else can't be relied on, and is tried again. */
export function kindOf(reply: Reply): Sent['kind'] {
  if (reply.code.startsWith('2')) return 'delivered'
  return reply.code.startsWith('5') ? 'failed' : 'deferred'
}
