// What MAIL may say beside the sender: SIZE (RFC 1870 §6), BODY (RFC 6152 §2), SMTPUTF8 (RFC 6531 §3.4), RET and ENVID (RFC 3461
// §4.3, §4.4), REQUIRETLS (RFC 8689 §2), and AUTH (RFC 4954 §5), which is read and not believed: who is logged in is known.

import { type Parameters, readFlag, readParameters, readValue, SmtpError, xtext } from '@postern/smtp'

export interface MailParameters {
  /** As the client announces it. */
  readonly sizeBytes: number | undefined
  readonly body: '7bit' | '8bitmime'
  readonly smtpUtf8: boolean
  readonly ret: 'full' | 'hdrs' | undefined
  readonly envelopeId: string | undefined
  readonly requireTls: boolean
}

const known = ['SIZE', 'BODY', 'SMTPUTF8', 'RET', 'ENVID', 'AUTH']
const withoutRequireTls: ReadonlySet<string> = new Set(known)
const withRequireTls: ReadonlySet<string> = new Set([...known, 'REQUIRETLS'])

/** RFC 3461 §4.4. */
const envelopeIdCharactersMax = 100

/** `offersRequireTls`: as EHLO told it. */
export function readMailParameters(
  text: string,
  { offersRequireTls }: { readonly offersRequireTls: boolean },
): MailParameters {
  const parameters = readParameters(text, offersRequireTls ? withRequireTls : withoutRequireTls)
  const size = readValue(parameters, 'SIZE', { form: /^\d{1,20}$/, example: 'SIZE=12345' })
  const body = readValue(parameters, 'BODY', { form: /^(?:7BIT|8BITMIME)$/i, example: 'BODY=7BIT or BODY=8BITMIME' })
  const ret = readValue(parameters, 'RET', { form: /^(?:FULL|HDRS)$/i, example: 'RET=FULL or RET=HDRS' })
  checkAuth(parameters)
  return {
    sizeBytes: size === undefined ? undefined : Number(size),
    body: body?.toUpperCase() === '8BITMIME' ? '8bitmime' : '7bit',
    smtpUtf8: readFlag(parameters, 'SMTPUTF8'),
    ret: ret === undefined ? undefined : ret.toUpperCase() === 'FULL' ? 'full' : 'hdrs',
    envelopeId: readEnvelopeId(parameters),
    requireTls: readFlag(parameters, 'REQUIRETLS'),
  }
}

function readEnvelopeId(parameters: Parameters): string | undefined {
  const id = readValue(parameters, 'ENVID', { form: xtext, example: 'ENVID=xtext' })
  if (id !== undefined && id.length > envelopeIdCharactersMax)
    throw new SmtpError(`501 5.5.4 ENVID has ${envelopeIdCharactersMax} characters at most`)
  return id
}

const checkAuth = (parameters: Parameters): void =>
  void readValue(parameters, 'AUTH', { form: new RegExp(`^<>$|${xtext.source}`), example: 'AUTH=<> or AUTH=xtext' })
