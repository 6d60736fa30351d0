// RFC 6855: after ENABLE UTF8=ACCEPT mailbox names, envelopes and quoted strings are UTF-8.

import type { Extension } from '../extension.js'

export const utf8Accept: Extension = {
  capability: 'UTF8=ACCEPT',
  rfc: 'RFC 6855',
  what: 'By ENABLE: mailbox names, envelopes and quoted strings are UTF-8, and mail with such headers can be appended.',
  enable(session) {
    session.out.utf8 = true
    session.utf8Accept = true
  },
}
