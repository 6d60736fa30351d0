// EHLO, HELO and LMTP's LHLO: who the client says it is, and what it's offered. PIPELINING RFC 2920, SIZE RFC 1870, 8BITMIME RFC 6152,
// SMTPUTF8 RFC 6531, ENHANCEDSTATUSCODES RFC 2034, STARTTLS RFC 3207, LIMITS RFC 9422. Not DSN: who relays for others tells them of a delivery,
// and here it ends (RFC 3461 §4 leaves that to the server that knows of it).

import { type Command, readHelloName } from '@postern/smtp'
import type { Session } from '../session.js'

export const ehlo: Command<Session> = {
  name: 'EHLO',
  run(session, words) {
    session.greeted(readHelloName(words, 'EHLO'), { extended: true })
    tellOffers(session)
    return undefined
  },
}

export const lhlo: Command<Session> = {
  name: 'LHLO',
  run(session, words) {
    session.greeted(readHelloName(words, 'LHLO'), { extended: true })
    tellOffers(session)
    return undefined
  },
}

export const helo: Command<Session> = {
  name: 'HELO',
  run(session, words) {
    session.greeted(readHelloName(words, 'HELO'), { extended: false })
    return `250 ${session.context.inbound.hostname}`
  },
}

function tellOffers({ wire, context: { inbound, limits, certificates } }: Session): void {
  wire.sayLines(250, [
    inbound.hostname,
    'PIPELINING',
    `SIZE ${limits.messageBytesMax}`,
    '8BITMIME',
    'SMTPUTF8',
    'ENHANCEDSTATUSCODES',
    ...(certificates === undefined || wire.secure ? [] : ['STARTTLS']),
    `LIMITS RCPTMAX=${limits.recipientsMax}`,
  ])
}
