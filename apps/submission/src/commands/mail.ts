// MAIL: who the message is from (RFC 5321 §4.1.1.2, RFC 6409 §5.1). An empty path is taken: it asks for no reports.

import type { Command } from '../command.js'
import { readPath } from '../path.js'
import { type Reply, SmtpError } from '../reply.js'
import { offersRequireTls } from '../require-tls.js'
import type { Session } from '../session.js'
import { readMailParameters } from './mail-parameters.js'

export const mail: Command = {
  name: 'MAIL',
  needs: 'login',
  async run(session, words): Promise<Reply> {
    if (session.transaction !== undefined) throw new SmtpError('503 5.5.1 There is a sender already: send RSET first')
    const [, text] = /^FROM:[ \t]*(.*)$/isu.exec(words) ?? []
    if (text === undefined) throw new SmtpError('501 5.5.4 MAIL has the form MAIL FROM:<name@domain>')
    const path = readPath(text)
    if (path === undefined) throw new SmtpError('501 5.1.7 That is no sender: MAIL FROM:<name@domain>')
    const parameters = readMailParameters(path.rest, { offersRequireTls: await offersRequireTls(session) })
    checkAlphabet(path.address, { smtpUtf8: parameters.smtpUtf8 })
    checkSize(parameters.sizeBytes, session)
    session.transaction = { from: path.address, parameters, recipients: [] }
    session.used()
    return '250 2.1.0 Ok'
  },
}

/** RFC 6531 §3.1: an address that isn't ASCII is one only where the client has said SMTPUTF8. */
export function checkAlphabet(address: string, { smtpUtf8 }: { readonly smtpUtf8: boolean }): void {
  if (!smtpUtf8 && /[^\0-\x7f]/.test(address)) throw new SmtpError('553 5.6.7 This address needs SMTPUTF8 in MAIL')
}

/** RFC 1870 §6.1. */
function checkSize(sizeBytes: number | undefined, { limits: { messageBytesMax } }: Session): void {
  if (sizeBytes !== undefined && sizeBytes > messageBytesMax)
    throw new SmtpError(`552 5.3.4 The message is too large: ${messageBytesMax} bytes is the most`)
}
