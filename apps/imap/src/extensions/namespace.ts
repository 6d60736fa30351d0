// RFC 2342: one personal namespace, from the top.

import { command, noArguments } from '../command.js'
import type { Extension } from '../extension.js'

const command_ = command('NAMESPACE', {
  in: ['authenticated', 'selected'],
  parse: noArguments,
  async run(session) {
    session.out.untagged().raw('NAMESPACE (("" "/")) NIL NIL').crlf()
    return { text: 'That is all' }
  },
})

export const namespace: Extension = {
  capability: 'NAMESPACE',
  rfc: 'RFC 2342',
  what: "All mailboxes are one's own, below `/`.",
  commands: [command_],
}
