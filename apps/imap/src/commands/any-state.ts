// CAPABILITY, NOOP, LOGOUT, ID. RFC 9051 §6.1, RFC 2971.

import { idParamsList } from '@postern/imap-wire'
import { command, noArguments } from '../command.js'

export const capability = command('CAPABILITY', {
  parse: noArguments,
  async run(session) {
    session.out.untagged().raw('CAPABILITY ').raw(session.context.registry.capabilities(session).join(' ')).crlf()
    return { text: 'That is all' }
  },
})

/** What has happened is told behind every command; this one is for that alone. CHECK (RFC 3501 §6.4.1) is no different here. */
export const noop = command('NOOP', { parse: noArguments, run: async () => ({ text: 'Nothing done' }) })
export const check = command('CHECK', { in: ['selected'], parse: noArguments, run: async () => ({ text: 'Checked' }) })

export const logout = command('LOGOUT', {
  leaves: true,
  parse: noArguments,
  async run(session) {
    session.leaveMailbox()
    session.out.status('*', { kind: 'BYE', text: 'Goodbye' })
    session.finish('Logged out')
    return { text: 'Logged out' }
  },
})

export const id = command('ID', {
  parse(p) {
    p.sp()
    return idParamsList(p)
  },
  async run(session, parameters) {
    const said = ['name', 'version', 'os'].flatMap((field) => parameters.get(field) ?? [])
    // It stands in the log when the session ends: once, however often a client says it.
    session.clientId = said.join(' ').slice(0, 200)
    session.used()
    const { version } = session.context
    session.out.untagged().raw('ID ("name" "Postern" "version" ').string(version).raw(')').crlf()
    return { text: 'Pleased to meet you' }
  },
})
