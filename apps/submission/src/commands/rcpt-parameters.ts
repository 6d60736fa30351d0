// What RCPT may say beside the recipient: NOTIFY and ORCPT (RFC 3461 §4.1, §4.2). They are kept as they were given, for the next
// server and for what is reported.

import { readParameters, readValue, SmtpError } from '@postern/smtp'

export interface RcptParameters {
  readonly notify: string | undefined
  readonly originalRecipient: string | undefined
}

const known: ReadonlySet<string> = new Set(['NOTIFY', 'ORCPT'])

/** RFC 3461 §4.2. */
const originalRecipientCharactersMax = 500
/** addr-type ";" xtext; under `utf-8;` also utf-8-addr-xtext and utf-8-addr-unitext (RFC 6533 §3). */
const addressForm =
  /^(?:utf-8;[\x21-\x3c\x3e-\x7e\u{80}-\u{10ffff}]+|[a-z0-9-]+;(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})+)$/iu

export function readRcptParameters(text: string): RcptParameters {
  const parameters = readParameters(text, known)
  const originalRecipient = readValue(parameters, 'ORCPT', { form: addressForm, example: 'ORCPT=rfc822;user@domain' })
  if (originalRecipient !== undefined && originalRecipient.length > originalRecipientCharactersMax)
    throw new SmtpError(`501 5.5.4 ORCPT has ${originalRecipientCharactersMax} characters at most`)
  const example = 'NOTIFY=NEVER or a list of SUCCESS, FAILURE and DELAY'
  const notify = readValue(parameters, 'NOTIFY', {
    form: /^(?:NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*)$/i,
    example,
  })
  return { notify: notify?.toUpperCase(), originalRecipient }
}
