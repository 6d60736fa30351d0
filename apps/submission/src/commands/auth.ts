// AUTH (RFC 4954). The mechanisms are the auth package's; here are their lines in base 64. Every refusal is the same for the client
// (contract B8); who decided knows why. In clear no mechanism is heard, nor is it said which there are (contract A2).

import { converse, type Mechanism, type Proof, SaslMalformed } from '@postern/auth'
import { type Reply, SmtpError } from '@postern/smtp'
import type { Command } from '../command.js'
import type { Admission } from '../context.js'
import type { Session } from '../session.js'

export const auth: Command = {
  name: 'AUTH',
  async run(session, words): Promise<Reply> {
    const { mechanism, initial } = asked(session, words)
    const ask = (challenge: Uint8Array): Promise<Uint8Array> => askClient(session, challenge)
    const admission = await conversed(converse(mechanism, { initial, ask, decide: (proof) => decide(session, proof) }))
    if (admission === undefined) {
      session.wrongLogins++
      count(session, 'refused')
      throw new SmtpError('535 5.7.8 Authentication failed')
    }
    session.admit(admission)
    await session.askRules()
    count(session, 'ok')
    return '235 2.7.0 Authentication succeeded'
  },
}

interface AskedLogin {
  readonly mechanism: Mechanism
  readonly initial: Uint8Array | undefined
}

/** auth-command = "AUTH" SP sasl-mech [SP initial-response] */
function asked(session: Session, words: string): AskedLogin {
  const { wire, context, admission, hello, wrongLogins } = session
  if (!wire.secure) {
    count(session, 'in clear')
    throw new SmtpError('538 5.7.11 Must issue a STARTTLS command first')
  }
  if (admission !== undefined) throw new SmtpError('503 5.5.1 You are logged in already')
  if (hello === undefined) throw new SmtpError('503 5.5.1 Say EHLO first')
  if (wrongLogins >= context.limits.wrongLoginsMax)
    throw new SmtpError('421 4.7.0 Too many failed logins, try again later')
  const [name = '', initial, ...more] = words.split(/[ \t]+/)
  if (name === '' || more.length > 0) throw new SmtpError('501 5.5.4 AUTH takes a mechanism and an initial response')
  const mechanism = context.mechanisms.find((one) => one.name === name.toUpperCase())
  if (mechanism === undefined) throw new SmtpError('504 5.5.4 There is no such mechanism')
  return { mechanism, initial: initial === undefined ? undefined : initial === '=' ? empty : fromBase64(initial) }
}

const empty = new Uint8Array(0)

async function decide(session: Session, proof: Proof): Promise<Admission | undefined> {
  const { id, remoteAddress } = session.wire.incoming
  try {
    return await session.context.login({ ...proof, remoteAddress, session: id })
  } catch (error) {
    count(session, 'failed')
    throw error
  }
}

async function conversed<Answer>(work: Promise<Answer>): Promise<Answer> {
  try {
    return await work
  } catch (error) {
    throw error instanceof SaslMalformed ? new SmtpError('501 5.5.2 That is no message of this mechanism') : error
  }
}

/** `334 base64`, and the client's line; `*` is how it cancels (RFC 4954 §4). */
async function askClient(session: Session, challenge: Uint8Array): Promise<Uint8Array> {
  const line = await session.ask(`334 ${Buffer.from(challenge).toString('base64')}`)
  if (line.length > session.context.limits.authBytesMax) throw new SmtpError('500 5.5.6 The line is too long')
  const text = line.toString('latin1').trim()
  if (text === '*') throw new SmtpError('501 5.5.2 AUTH was cancelled')
  return fromBase64(text)
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function fromBase64(text: string): Uint8Array {
  if (!base64.test(text)) throw new SmtpError('501 5.5.2 That is not base 64')
  return Buffer.from(text, 'base64')
}

const count = ({ context }: Session, outcome: string): void => context.metrics.logins.inc({ protocol: 'smtp', outcome })
