// The name behind EHLO, HELO or LHLO. Machines call themselves by all kinds of names; what can't be seen or has no end isn't one.
// RFC 5321 §4.1.1.1, §4.5.3.1.2.

import { SmtpError } from './reply.js'

const nameCharactersMax = 255

export function readHelloName(words: string, command: string): string {
  const name = words.trim()
  if (name === '') throw new SmtpError(`501 5.5.4 ${command} needs the name of your machine`)
  if (!/^[\x21-\x7e\u{a1}-\u{10ffff}]+$/u.test(name) || name.length > nameCharactersMax)
    throw new SmtpError('501 5.5.4 That is not the name of a machine')
  return name
}
