// What stands in brackets before a response's text, for programs to read. RFC 9051 §7.1, RFC 5530 §3, and the codes of the
// extensions, which may also make their own.
//
//   resp-text-code = "ALERT" / "BADCHARSET" … / atom [SP 1*<any TEXT-CHAR except "]">]
import type { Writer } from './writer.js'

export type PlainCode =
  // RFC 9051 §7.1
  | 'ALERT'
  | 'CLOSED'
  | 'HASCHILDREN'
  | 'NOTSAVED'
  | 'PARSE'
  | 'READ-ONLY'
  | 'READ-WRITE'
  | 'TRYCREATE'
  | 'UIDNOTSTICKY'
  | 'UNKNOWN-CTE'
  // RFC 5530 §3
  | 'ALREADYEXISTS'
  | 'AUTHENTICATIONFAILED'
  | 'AUTHORIZATIONFAILED'
  | 'CANNOT'
  | 'CLIENTBUG'
  | 'CONTACTADMIN'
  | 'CORRUPTION'
  | 'EXPIRED'
  | 'EXPUNGEISSUED'
  | 'INUSE'
  | 'LIMIT'
  | 'NONEXISTENT'
  | 'NOPERM'
  | 'OVERQUOTA'
  | 'PRIVACYREQUIRED'
  | 'SERVERBUG'
  | 'UNAVAILABLE'
  // RFC 7162 §3.1.2.2, RFC 6154 §5.1, RFC 7889 §4, RFC 4978 §3
  | 'NOMODSEQ'
  | 'USEATTR'
  | 'TOOBIG'
  | 'COMPRESSIONACTIVE'

/** Ascending: an array of numbers as the store gives them. */
export type Numbers = ArrayLike<number>

export type ResponseCode =
  | PlainCode
  | { readonly name: 'BADCHARSET'; readonly charsets: readonly string[] }
  | { readonly name: 'CAPABILITY'; readonly capabilities: readonly string[] }
  /** System flags, keywords and `\*`. */
  | { readonly name: 'PERMANENTFLAGS'; readonly flags: readonly string[] }
  | { readonly name: 'UIDNEXT' | 'UIDVALIDITY' | 'UNSEEN' | 'HIGHESTMODSEQ'; readonly value: number }
  | { readonly name: 'APPENDUID'; readonly uidValidity: number; readonly uids: Numbers }
  | { readonly name: 'COPYUID'; readonly uidValidity: number; readonly from: Numbers; readonly to: Numbers }
  /** RFC 7162 §3.1.3. */
  | { readonly name: 'MODIFIED'; readonly numbers: Numbers }
  /** RFC 8474 §4.1. */
  | { readonly name: 'MAILBOXID'; readonly id: string }
  /** Of an extension: an atom, and text without `]`. */
  | { readonly name: 'other'; readonly atom: string; readonly text?: string }

/** Without the brackets. */
export function writeResponseCode(w: Writer, code: ResponseCode): void {
  if (typeof code === 'string') {
    w.raw(code)
    return
  }
  if (code.name !== 'other') w.raw(code.name)
  switch (code.name) {
    case 'BADCHARSET':
      w.sp().list(code.charsets, (name) => w.astring(name))
      break
    case 'CAPABILITY':
      for (const capability of code.capabilities) w.sp().raw(capability)
      break
    case 'PERMANENTFLAGS':
      // A keyword may have a "]" in RFC 3501's eyes, and here it would end the code.
      w.sp().list(
        code.flags.filter((flag) => !flag.includes(']')),
        (flag) => w.raw(flag),
      )
      break
    case 'UIDNEXT':
    case 'UIDVALIDITY':
    case 'UNSEEN':
    case 'HIGHESTMODSEQ':
      w.sp().number(code.value)
      break
    case 'APPENDUID':
      w.sp().number(code.uidValidity).sp().numbers(code.uids)
      break
    case 'COPYUID':
      w.sp().number(code.uidValidity).sp().numbers(code.from).sp().numbers(code.to)
      break
    case 'MODIFIED':
      w.sp().numbers(code.numbers)
      break
    case 'MAILBOXID':
      w.raw(' (').raw(code.id).raw(')')
      break
    case 'other':
      w.raw(code.atom)
      if (code.text !== undefined) w.sp().line(code.text.replaceAll(']', ' '))
      break
  }
}
