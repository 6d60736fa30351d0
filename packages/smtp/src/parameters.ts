// ESMTP parameters, and xtext, in which some of them are written.
//
//   Mail-parameters = esmtp-param *(SP esmtp-param)                   RFC 5321 §4.1.2
//   esmtp-param     = esmtp-keyword ["=" esmtp-value]
//   esmtp-keyword   = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
//   esmtp-value     = 1*(%d33-60 / %d62-126)                          and UTF8-non-ascii, RFC 6531 §3.3
//   xtext           = *( xchar / "+" 2HEXDIG )                        RFC 3461 §4

import { SmtpError } from './reply.js'

/** By keyword in upper case; undefined where a keyword stands alone. */
export type Parameters = ReadonlyMap<string, string | undefined>

const form = /^([a-z0-9][a-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e\u{80}-\u{10ffff}]+))?$/iu

/** Refuses a keyword that isn't `known`, and one that comes twice. */
export function readParameters(text: string, known: ReadonlySet<string>): Parameters {
  const parameters = new Map<string, string | undefined>()
  for (const word of text.split(/[ \t]+/)) {
    if (word === '') continue
    const [, keyword = '', value] = form.exec(word) ?? []
    const name = keyword.toUpperCase()
    if (name === '') throw new SmtpError('501 5.5.4 A parameter has the form KEYWORD or KEYWORD=value')
    if (!known.has(name)) throw new SmtpError('555 5.5.4 There is no such parameter')
    if (parameters.has(name)) throw new SmtpError(`501 5.5.4 ${name} may be given once`)
    parameters.set(name, value)
  }
  return parameters
}

/** A keyword that stands alone. */
export function readFlag(parameters: Parameters, name: string): boolean {
  if (parameters.get(name) !== undefined) throw new SmtpError(`501 5.5.4 ${name} takes no value`)
  return parameters.has(name)
}

/** A keyword whose value has this form; undefined where it isn't there. */
export function readValue(
  parameters: Parameters,
  name: string,
  { form, example }: { readonly form: RegExp; readonly example: string },
): string | undefined {
  if (!parameters.has(name)) return undefined
  const value = parameters.get(name)
  if (value === undefined || !form.test(value)) throw new SmtpError(`501 5.5.4 ${name} has the form ${example}`)
  return value
}

/** xchar: everything that can be seen but `+` and `=`; what stands in hexadecimal digits can be seen, too. */
export const xtext = /^(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+(?:[2-6][0-9A-F]|7[0-9A-E]))+$/
