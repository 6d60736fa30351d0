// Text as an IMAP string, ready to send. RFC 9051 §9, RFC 6855 §3.
//
//   quoted      = DQUOTE *QUOTED-CHAR DQUOTE
//   QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials / UTF8-2 / UTF8-3 / UTF8-4
//   nstring     = string / nil
//
// A quoted string has no CR, LF or NUL: header values don't either once they're unfolded, and where a hostile one does, a space
// stands for it. So no literal is ever needed, and an answer is one line.
import { encodeWords } from './encode-word.js'

/** `7bit` for everybody: text beyond ASCII becomes RFC 2047 encoded words. `utf8` for sessions that enabled UTF8=ACCEPT. */
export type Form = '7bit' | 'utf8'

const plain = new Uint8Array(128).fill(1)
for (const code of [0x00, 0x0a, 0x0d, 0x22, 0x5c]) plain[code] = 0

export function nstring(text: string | undefined, form: Form): string {
  return text === undefined ? 'NIL' : quoted(text, form)
}

export function quoted(text: string, form: Form): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127 || plain[code] === 0) return quotedSlowly(text, form)
  }
  return `"${text}"`
}

function quotedSlowly(text: string, form: Form): string {
  const clean = text.replace(/[\r\n\0]/g, ' ')
  const sendable = form === '7bit' ? encodeWords(clean) : clean.replace(loneSurrogate, '\ufffd')
  return `"${sendable.replace(/["\\]/g, '\\$&')}"`
}

/** Half a pair has no UTF-8 form. */
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
