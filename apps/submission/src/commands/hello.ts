// EHLO and HELO: who the client says it is, and what it's offered (contract D1). RFC 5321 §4.1.1.1; PIPELINING RFC 2920, SIZE
// RFC 1870, 8BITMIME RFC 6152, SMTPUTF8 RFC 6531, ENHANCEDSTATUSCODES RFC 2034, DSN RFC 3461, LIMITS RFC 9422, AUTH RFC 4954,
// STARTTLS RFC 3207, REQUIRETLS RFC 8689. Both throw a transaction away (RFC 5321 §4.1.4).

import { readHelloName } from '@postern/smtp'
import type { Command } from '../command.js'
import { offersRequireTls } from '../require-tls.js'
import type { Session } from '../session.js'

export const ehlo: Command = {
  name: 'EHLO',
  async run(session, words) {
    greeted(session, words, { extended: true })
    session.wire.sayLines(250, [session.context.hostname, ...(await offered(session))])
    return undefined
  },
}

export const helo: Command = {
  name: 'HELO',
  run(session, words) {
    greeted(session, words, { extended: false })
    return `250 ${session.context.hostname}`
  },
}

function greeted(session: Session, words: string, { extended }: { readonly extended: boolean }): void {
  session.hello = { name: readHelloName(words, extended ? 'EHLO' : 'HELO'), extended }
  session.transaction = undefined
}

async function offered(session: Session): Promise<string[]> {
  const { context, wire, admission, limits } = session
  const mechanisms = context.mechanisms.map(({ name }) => name).join(' ')
  const requireTls = await offersRequireTls(session)
  return [
    'PIPELINING',
    `SIZE ${limits.messageBytesMax}`,
    '8BITMIME',
    'SMTPUTF8',
    'ENHANCEDSTATUSCODES',
    'DSN',
    `LIMITS RCPTMAX=${limits.recipientsMax}`,
    ...(wire.secure && admission === undefined ? [`AUTH ${mechanisms}`] : []),
    ...(wire.secure ? [] : ['STARTTLS']),
    ...(requireTls ? ['REQUIRETLS'] : []),
  ]
}
