// What MAIL may say beside the sender: SIZE (RFC 1870 §6), BODY (RFC 6152 §2) and SMTPUTF8 (RFC 6531 §3.4).

import { readFlag, readParameters, readValue } from '@postern/smtp'

export interface MailParameters {
  /** As the client announces it. */
  readonly sizeBytes: number | undefined
  readonly smtpUtf8: boolean
}

const known: ReadonlySet<string> = new Set(['SIZE', 'BODY', 'SMTPUTF8'])

export function readMailParameters(text: string): MailParameters {
  const parameters = readParameters(text, known)
  const size = readValue(parameters, 'SIZE', { form: /^\d{1,20}$/, example: 'SIZE=12345' })
  readValue(parameters, 'BODY', { form: /^(?:7BIT|8BITMIME)$/i, example: 'BODY=7BIT or BODY=8BITMIME' })
  return { sizeBytes: size === undefined ? undefined : Number(size), smtpUtf8: readFlag(parameters, 'SMTPUTF8') }
}
