// ENABLE. RFC 5161, RFC 9051 §6.3.1. Unknown names are passed over; the answer says what is enabled by this command.

import { enableCapabilities } from '@postern/imap-wire'
import { command } from '../command.js'

export const enable = command('ENABLE', {
  in: ['authenticated', 'selected'],
  parse: enableCapabilities,
  async run(session, names) {
    const enabled = names.flatMap((name) => session.context.registry.enable(name, session) ?? [])
    session.out
      .untagged()
      .raw(['ENABLED', ...enabled].join(' '))
      .crlf()
    return { text: 'Enabled' }
  },
})
