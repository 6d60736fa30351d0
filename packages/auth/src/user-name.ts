/**
 * User names as clients type them (contract B6): an address, or `*@domain` for the merged INBOX of a domain. Here is only
 * decided which of the two it is and that it can be looked up at all; upper case, A-labels and quoted local parts are the
 * directory's, which compares addresses in one spelling.
 */

export type UserName =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'domain'; readonly domain: string }

/** RFC 5321 §4.5.3.1: 64 octets, an @ and 255, in characters. */
const userNameCharactersMax = 320
/** What nobody can see in a log, or would read as something else (controls, halves of characters, marks that turn text). */
const unseen = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

/** Undefined is nobody's name. */
export function parseUserName(text: string): UserName | undefined {
  if (text.length > userNameCharactersMax || unseen.test(text)) return undefined
  const at = text.lastIndexOf('@')
  const domain = text.slice(at + 1)
  if (at < 1 || domain === '') return undefined
  return text.slice(0, at) === '*' ? { kind: 'domain', domain } : { kind: 'address', address: text }
}

/** What a refused name is counted under, and may be shown as: short, and one spelling for what differs in case alone. */
export function shownUserName(text: string): string {
  const shown = text.slice(0, userNameCharactersMax).toWellFormed().normalize('NFC').toLowerCase()
  return shown.replace(/ps_(?:key|app)_\S*/g, '(a secret)').replace(new RegExp(unseen, 'gu'), '\u{fffd}')
}
