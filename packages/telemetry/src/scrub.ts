/**
 * Takes secrets out of a finished log line (contract B4, I5), whatever field they came in: Postern's own keys and passwords by
 * their prefix and the literal secrets that the process was started with, both plain and inside base64 (SASL), passwords in
 * URLs, Authorization headers, and values of fields with a secret's name at any depth. It works on the finished JSON, so
 * nothing can be logged around it.
 */

const censored = '[redacted]'

/**
 * A field with such a name, or with a name that ends in one, is never written, whatever it holds: `password`, `clientSecret`,
 * `X-API-Key`.
 */
const secretNames = [
  ...['password', 'passwd', 'pass', 'passphrase', 'secret', 'token', 'authorization', 'cookie'],
  ...['apikey', 'api_key', 'api-key', 'adminkey', 'privatekey'],
]

/** A shorter literal would take ordinary words out of the log. */
const literalLengthMin = 8

const ownSecret = /ps_(key|app|ing)_[0-9A-Za-z_]+/g
const urlPassword = /(:\/\/[^\s/:@"\\]{0,200}:)[^\s/@"\\]{1,1000}@/g
const authorization = /(\bauthorization\b\W{1,8}\w{1,20} )[\w.~+/=-]+/gi
/** A line without such a field name, as nearly all are, needn't be parsed. */
const mentionsSecretField = new RegExp(`(?:${secretNames.join('|')})":`, 'i')
const isSecretName = new RegExp(`(?:${secretNames.join('|')})$`, 'i')
/** Of either alphabet (RFC 4648 §4, §5). */
const base64Run = /[\w+/-]+=*/g

/** A function that scrubs one JSON line; `literals` are secrets of no known form, such as an admin key that was given. */
export function scrubber(literals: readonly string[] = []): (line: string) => string {
  const long = literals.filter((literal) => literal.length >= literalLengthMin)
  const known = long.flatMap((literal) => [
    ...new Set([literal, JSON.stringify(literal).slice(1, -1), encodeURIComponent(literal)]),
  ])
  const base64Fragment = new RegExp(base64Fragments(['ps_key_', 'ps_app_', 'ps_ing_', ...long]).join('|'))
  return (line) => {
    let clean = (mentionsSecretField.test(line) ? censorFields(line) : line)
      .replace(ownSecret, `ps_$1_${censored}`)
      .replace(urlPassword, `$1${censored}@`)
      .replace(authorization, `$1${censored}`)
    if (base64Fragment.test(clean)) {
      clean = clean.replace(base64Run, (run) => (base64Fragment.test(run) ? censored : run))
    }
    for (const literal of known) clean = clean.replaceAll(literal, censored)
    return clean
  }
}

function censorFields(line: string): string {
  const record = JSON.parse(line, (name, value) => (isSecretName.test(name) ? censored : value))
  return `${JSON.stringify(record)}\n`
}

/** What of a text survives in its base64, at each of the three positions it can start at, as patterns for both alphabets. */
function base64Fragments(texts: readonly string[]): string[] {
  return texts.flatMap((text) =>
    [0, 1, 2].map((shift) => {
      const encoded = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]).toString('base64')
      const wholeBits = (shift + text.length) * 8
      const whole = encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(wholeBits / 6))
      return whole.replaceAll('+', '[+-]').replaceAll('/', '[/_]')
    }),
  )
}
