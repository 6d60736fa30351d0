// MAIL: who the message is from (RFC 5321 §4.1.1.2, RFC 6409 §5.1). What is said is read here and judged by
// `policies/mail-policies.ts`; the rules that hold are asked for anew with each message.

import { tryParseAddress } from '@postern/mailbox-store'
import { enforce, type Reply, readPath, SmtpError } from '@postern/smtp'
import type { Command } from '../command.js'
import { type MailCase, mailPolicies, senderOf } from '../policies/mail-policies.js'
import { senderScope, sendersOf } from '../policies/sender-scope.js'
import { offersRequireTls } from '../require-tls.js'
import { roomFor } from '../sending-room.js'
import type { Session } from '../session.js'
import { readMailParameters } from './mail-parameters.js'

export const mail: Command = {
  name: 'MAIL',
  needs: 'login',
  async run(session, words): Promise<Reply> {
    if (session.transaction !== undefined) throw new SmtpError('503 5.5.1 There is a sender already: send RSET first')
    const [, text] = /^FROM:[ \t]*(.*)$/isu.exec(words) ?? []
    if (text === undefined) throw new SmtpError('501 5.5.4 MAIL has the form MAIL FROM:<name@domain>')
    const path = readPath(text, isAddress)
    if (path === undefined) throw new SmtpError('501 5.1.7 That is no sender: MAIL FROM:<name@domain>')
    await begin(session, { sender: path.address, text: path.rest })
    session.used()
    return '250 2.1.0 Ok'
  },
}

async function begin(session: Session, { sender, text }: { readonly sender: string; readonly text: string }) {
  const { login, context } = session
  const keepsRequireTls = await offersRequireTls(session)
  const parameters = readMailParameters(text, { offersRequireTls: keepsRequireTls })
  const rules = await session.askRules()
  const maySend = sendersOf(senderScope(login.sender), context.lookups)
  const address = tryParseAddress(sender)
  const ownAddress = rules.from === 'rewrite' ? login.sender.inbox?.address : undefined
  const asked: MailCase = {
    ...{ sender, ownAddress, keepsRequireTls, bytesMax: rules.messageBytesMax },
    ...{ smtpUtf8: parameters.smtpUtf8, sizeBytes: parameters.sizeBytes, requireTls: parameters.requireTls },
    scopes: login.sender.credential?.scopes,
    covered: address !== undefined && (await maySend(address)),
    room: await roomFor(1, { session, rules }),
  }
  enforce(mailPolicies, asked)
  session.transaction = { from: senderOf(asked), parameters, recipients: [], rules, maySend, ownAddress }
}

const isAddress = (text: string): boolean => tryParseAddress(text) !== undefined
