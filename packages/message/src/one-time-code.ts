// The one-time code in a mail ("Your code is 123 456"), for tests and agents that wait for it. No grammar exists for these mails, so
// each number that could be one gets points for what stands around it, and the best wins if it has enough. Every rule has a row in
// the tests; a new kind of mail is a new row first.

/** Characters of subject and text that are looked at. Codes stand at the top. */
const charsMax = 16_000
const pointsMin = 6
const contextChars = 70

/** "123456", "123 456", "1234-5678", "G-123456" without the prefix that isn't typed; never a piece of a telephone number. */
const numeric =
  /(?<![\w.,:/#$€£+=&?-]|\d[ -])(?:[A-Z]{1,3}-)?(\d{3}[ -]\d{3}|\d{4}[ -]\d{4}|\d{4,8})(?![\w%€]|[ .,:/-]\d|-\w)/g
/** "A1B2C3", "ABCD-EFGH", "x7Kp2q": only where a word says so directly before. */
const lettered = /(?<![\w./@-])([A-Z0-9]{4}-[A-Z0-9]{4}|[A-Za-z0-9]{5,10})(?![\w@-]|\.\w)/g

const codeWord =
  /code|passcode|otp|one[- ]time|verif|confirm|\bpin\b|2fa|two-factor|security|sign[- ]?in|log[- ]?in|authenti|kode|código|codice|codigo|kod\b|код|验证码|驗證碼|認証|確認コード|인증/i
const directlyBefore =
  /(?:code|passcode|otp|\bpin|password|kode|código|codice|kod|код|验证码|驗證碼|認証コード|인증번호)[^\w\n]{0,3}(?:is|ist|est|es|è|为|是|は)?\s*[:：=]?[\s*"'「【“]{0,6}$/i
const directlyAfter = /^[\s*"'」】”]{0,4}(?:is|ist|est|es|è|は)\b[^\n]{0,40}(?:code|otp|pin|password)/i
const otherNumber =
  /(?:order|invoice|ticket|case|account|ending(?: in)?|phone|tel|fax|zip|ref(?:erence)?|transaction|customer|amount|total|build|version|room|po box|©|copyright)[^\w\n]{0,3}(?:no|number|nr|id)?[\s.:#]{0,4}$/i
const unitAfter = /^\s*(?:minutes?|mins?|hours?|days?|seconds?|users?|people|items?|points?|usd|eur|px|kb|mb)\b/i

/** @param text of subject and body, subject first */
export function findCode(subject: string, body: string): string | undefined {
  const text = withoutUrls(`${subject}\n\n${body}`.slice(0, charsMax))
  let best: { code: string; points: number } | undefined
  for (const candidate of candidates(text)) {
    const points = pointsOf(candidate, text) + (candidate.start < subject.length ? 1 : 0)
    if (points >= pointsMin && points > (best?.points ?? 0)) best = { code: candidate.code, points }
  }
  return best?.code
}

interface Candidate {
  code: string
  start: number
  end: number
  digitsOnly: boolean
}

function candidates(text: string): Candidate[] {
  const found: Candidate[] = []
  for (const match of text.matchAll(numeric)) {
    const end = match.index + match[0].length
    found.push({ code: match[1]!.replace(/[ -]/, ''), start: match.index, end, digitsOnly: true })
  }
  for (const match of text.matchAll(lettered)) {
    const code = match[1]!
    const isWord = !/\d/.test(code) && code !== code.toUpperCase()
    if (isWord || /^\d+$/.test(code)) continue
    found.push({ code, start: match.index, end: match.index + code.length, digitsOnly: false })
  }
  return found
}

function pointsOf({ code, start, end, digitsOnly }: Candidate, text: string): number {
  const before = text.slice(Math.max(0, start - contextChars), start)
  const after = text.slice(end, end + contextChars)
  const isDirect = directlyBefore.test(before) || directlyAfter.test(after)
  if (!digitsOnly && !isDirect) return 0
  let points = digitsOnly && code.length === 6 ? 3 : 2
  if (codeWord.test(before) || codeWord.test(after)) points += 4
  if (isDirect) points += 4
  if (/(?:^|\n)[\s*]*$/.test(before) && /^[\s*]*(?:\n|$)/.test(after)) points += 2
  if (otherNumber.test(before)) points -= 6
  if (unitAfter.test(after)) points -= 6
  if (/^(?:19|20)\d\d$/.test(code) && !isDirect) points -= 5
  return points
}

/** Numbers in links are ids. */
function withoutUrls(text: string): string {
  return text.replace(/https?:\/\/\S+/gi, ' ')
}
