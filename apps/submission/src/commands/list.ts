// The commands there are, by name.

import type { Command } from '../command.js'
import { expn, help, noop, quit, rset, vrfy } from './any-time.js'
import { auth } from './auth.js'
import { data } from './data.js'
import { ehlo, helo } from './hello.js'
import { mail } from './mail.js'
import { rcpt } from './rcpt.js'
import { startTls } from './start-tls.js'

const list: readonly Command[] = [ehlo, helo, startTls, auth, mail, rcpt, data, rset, noop, help, vrfy, expn, quit]

export const commands: ReadonlyMap<string, Command> = new Map(list.map((command) => [command.name, command]))

/** Commands of SMTP that this server doesn't have (RFC 5321 §4.2.4: 502, where others are 500). */
export const notOffered: ReadonlySet<string> = new Set([
  ...['BDAT', 'BURL', 'ETRN', 'ATRN', 'TURN', 'SEND', 'SOML', 'SAML', 'XCLIENT', 'XFORWARD'],
])
