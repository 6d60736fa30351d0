// LOGIN and AUTHENTICATE PLAIN and LOGIN. RFC 9051 §6.2.2, §6.2.3, RFC 4616, RFC 4959 (SASL-IR). Every refusal is the
// same for the client (contract B8); who decided knows why.

import { decodeBase64, ImapError } from '@postern/imap-wire'
import { command, type Done } from '../command.js'
import { ClientGone } from '../input.js'
import type { Session } from '../session.js'

const refused = (): ImapError => new ImapError('NO', 'Authentication failed', { code: 'AUTHENTICATIONFAILED' })

async function admit(session: Session, user: string, secret: string): Promise<Done> {
  const { login, inboxSessions, registry } = session.context
  const { id, remoteAddress } = session.connection
  const admission = await login({ user, secret, remoteAddress, session: id }).catch((error: unknown) => {
    count(session, 'failed')
    throw error
  })
  if (admission === undefined) {
    count(session, 'refused')
    throw refused()
  }
  if (!(await inboxSessions.enter(id, admission.address))) {
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
  run: (session, { user, secret }) => admit(session, user, secret),
})

export const authenticate = command('AUTHENTICATE', {
  in: ['notAuthenticated'],
  needsPrivacy: true,
  parse(p) {
    p.sp()
    const mechanism = p.name()
    return { mechanism, initial: p.trySp() ? p.initialResponse() : undefined }
  },
  async run(session, { mechanism, initial }) {
    if (mechanism === 'PLAIN') return plain(session, initial ?? (await ask(session, '')))
    if (mechanism === 'LOGIN') {
      const user = initial ?? (await ask(session, 'VXNlcm5hbWU6'))
      return admit(session, text(user), text(await ask(session, 'UGFzc3dvcmQ6')))
    }
    throw new ImapError('NO', 'There is no such mechanism', { code: 'CANNOT' })
  },
})

/** `[authzid] NUL authcid NUL passwd`; to act as somebody else than one logs in as is not for this door. */
async function plain(session: Session, message: Uint8Array): Promise<Done> {
  const [authorize = '', user, secret, ...rest] = text(message).split('\0')
  if (user === undefined || secret === undefined || rest.length > 0)
    throw new ImapError('BAD', 'That is no PLAIN message')
  if (authorize !== '' && authorize.toLowerCase() !== user.toLowerCase()) throw refused()
  return admit(session, user, secret)
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

async function ask(session: Session, challenge: string): Promise<Uint8Array> {
  session.out.raw(`+ ${challenge}`).crlf()
  await session.out.flush()
  const frame = await session.input.next()
  if (frame === undefined) throw new ClientGone()
  if (frame.kind === 'fault') throw frame.error
  if (frame.kind !== 'command') throw new ImapError('BAD', 'That is no answer')
  const line = new TextDecoder('latin1').decode(frame.command.pieces[0]?.bytes).trim()
  if (line === '*') throw new ImapError('BAD', 'AUTHENTICATE was cancelled')
  return decodeBase64(line)
}
