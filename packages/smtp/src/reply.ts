// What the server says: a line with its code and, but for the greeting, EHLO and what asks for more, its enhanced code
// (RFC 5321 §4.2, RFC 2034, RFC 3463). Replies are written out in full where they are given, so that a text that a client shows is
// found by a search. A refusal is thrown as `SmtpError` and said once, by the session.

export type Reply = `${2 | 3 | 4 | 5}${number} ${string}`

/** What the client shall read instead of a yes. Behind a 421 nothing more is heard (RFC 5321 §3.8). */
export class SmtpError extends Error {
  override readonly name = 'SmtpError'
  readonly reply: Reply
  constructor(reply: Reply) {
    super(reply)
    this.reply = reply
  }
}

/** RFC 5321 §4.5.3.1.5, without the line's end. */
const replyCharactersMax = 510

/** One line; what may have come from a client can't end it, nor hide anything in it. */
export function replyLine(reply: string): string {
  return `${reply.replace(/[^\x20-\x7e]/g, '?').slice(0, replyCharactersMax)}\r\n`
}

/** Several lines with one code: `250-` but in the last. */
export function replyLines(code: number, texts: readonly string[]): string {
  return texts.map((text, i) => replyLine(`${code}${i < texts.length - 1 ? '-' : ' '}${text}`)).join('')
}
