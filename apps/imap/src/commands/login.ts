// LOGIN and AUTHENTICATE. RFC 9051 §6.2.2, §6.2.3, RFC 4959 (SASL-IR). The mechanisms are the auth package's; here are their
// lines in base 64. Every refusal is the same for the client (contract B8); who decided knows why.

import { converse, type Proof, SaslMalformed } from '@postern/auth'
import { decodeBase64, encodeBase64, ImapError } from '@postern/imap-wire'
import { command, type Done } from '../command.js'
import type { Admission } from '../context.js'
import { ClientGone } from '../input.js'
import type { Session } from '../session.js'

async function decide(session: Session, proof: Proof): Promise<Admission | undefined> {
  const { id, remoteAddress } = session.connection
  try {
    return await session.context.login({ ...proof, remoteAddress, session: id })
  } catch (error) {
    count(session, 'failed')
    throw error
  }
}

async function admit(session: Session, admission: Admission | undefined): Promise<Done> {
  const { inboxSessions, registry } = session.context
  if (admission === undefined) {
    count(session, 'refused')
    throw new ImapError('NO', 'Authentication failed', { code: 'AUTHENTICATIONFAILED' })
  }
  if (!(await inboxSessions.enter(session.connection.id, admission.address))) {
    count(session, 'limit')
    session.logger.warn({ address: admission.address }, 'too many sessions for this inbox')
    throw new ImapError('NO', 'Too many sessions for this inbox: close some, or try again later', { code: 'LIMIT' })
  }
  count(session, 'ok')
  session.admit(admission)
  return { code: { name: 'CAPABILITY', capabilities: registry.capabilities(session) }, text: 'Logged in' }
}

const count = ({ context }: Session, outcome: string): void => context.metrics.logins.inc({ protocol: 'imap', outcome })

export const login = command('LOGIN', {
  in: ['notAuthenticated'],
  needsPrivacy: true,
  parse(p) {
    p.sp()
    const user = p.credential()
    p.sp()
    return { user, secret: p.credential() }
  },
  run: async (session, proof) => admit(session, await decide(session, proof)),
})

export const authenticate = command('AUTHENTICATE', {
  in: ['notAuthenticated'],
  needsPrivacy: true,
  parse(p) {
    p.sp()
    const mechanism = p.name()
    return { mechanism, initial: p.trySp() ? p.initialResponse() : undefined }
  },
  async run(session, { mechanism: name, initial }) {
    const mechanism = session.context.mechanisms.find((one) => one.name === name)
    if (mechanism === undefined) throw new ImapError('NO', 'There is no such mechanism', { code: 'CANNOT' })
    const ask = (challenge: Uint8Array): Promise<Uint8Array> => askClient(session, challenge)
    try {
      const admission = await converse(mechanism, { initial, ask, decide: (proof) => decide(session, proof) })
      return await admit(session, admission)
    } catch (error) {
      throw error instanceof SaslMalformed ? new ImapError('BAD', error.message) : error
    }
  },
})

/** `+ base64`, and the client's line; `*` is how it cancels (RFC 9051 §6.2.2). */
async function askClient(session: Session, challenge: Uint8Array): Promise<Uint8Array> {
  session.out.raw(`+ ${encodeBase64(challenge)}`).crlf()
  await session.out.flush()
  const frame = await session.input.next()
  if (frame === undefined) throw new ClientGone()
  if (frame.kind === 'fault') throw frame.error
  if (frame.kind !== 'command') throw new ImapError('BAD', 'That is no answer')
  const line = new TextDecoder('latin1').decode(frame.command.pieces[0]?.bytes).trim()
  if (line === '*') throw new ImapError('BAD', 'AUTHENTICATE was cancelled')
  return decodeBase64(line)
}
