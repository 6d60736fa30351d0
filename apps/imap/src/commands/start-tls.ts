// STARTTLS. RFC 9051 §6.2.1. Nothing that was said in clear counts afterwards: bytes that came with the command are thrown
// away, what the client said of itself is forgotten, and capabilities are told anew when it asks.

import { ImapError } from '@postern/imap-wire'
import { HandshakeError } from '@postern/service'
import { command, noArguments } from '../command.js'
import { ClientGone } from '../input.js'

export const startTls = command('STARTTLS', {
  in: ['notAuthenticated'],
  parse: noArguments,
  async run(session, _, { tag }) {
    const { connection, input } = session
    const { certificates, limits } = session.context
    if (connection.secure) throw new ImapError('BAD', 'The connection is encrypted already')
    input.dropRest()
    session.clientId = undefined
    await session.out.flush()
    const goAhead = `${tag} OK Begin TLS now\r\n`
    try {
      await connection.startTls(goAhead, { certificates, handshakeTimeoutMs: limits.handshakeTimeoutMs })
    } catch (error) {
      if (!(error instanceof HandshakeError)) throw error
      session.logger.info({ reason: error.message }, 'no TLS after STARTTLS')
      throw new ClientGone()
    }
    input.dropRest()
    return { answered: true }
  },
})
