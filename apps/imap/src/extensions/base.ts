// The base protocol, extension zero: RFC 3501, and of RFC 9051 what a client sees without enabling it.

import { capability, check, logout, noop } from '../commands/any-state.js'
import { append } from '../commands/append.js'
import { copy } from '../commands/copy.js'
import { expunge } from '../commands/expunge.js'
import { fetch } from '../commands/fetch.js'
import { list, lsub } from '../commands/list.js'
import { authenticate, login } from '../commands/login.js'
import { create, remove, rename, subscribe, unsubscribe } from '../commands/mailboxes.js'
import { search } from '../commands/search.js'
import { close, examine, select } from '../commands/select.js'
import { startTls } from '../commands/start-tls.js'
import { status, statusItems } from '../commands/status.js'
import { store } from '../commands/store.js'
import type { Extension } from '../extension.js'

export const base: Extension = {
  capability: 'IMAP4rev1',
  rfc: 'RFC 3501',
  what: 'The base protocol, as every client knows it.',
  commands: [
    ...[capability, noop, check, logout],
    ...[login, authenticate, startTls],
    ...[select, examine, close],
    ...[create, remove, rename, subscribe, unsubscribe, list, lsub, status],
    ...[append, fetch, store, search, copy, expunge],
  ],
  statusItems,
}

/** What differs for a client that enables it: ESEARCH answers, no \Recent, names and texts in UTF-8. */
export const rev2: Extension = {
  capability: 'IMAP4rev2',
  rfc: 'RFC 9051',
  what: 'By ENABLE: SEARCH answers with ESEARCH, nothing is recent, names and texts are UTF-8.',
  enable(session) {
    session.rev2 = true
    session.selected?.view.recents.forget()
    session.out.utf8 = true
  },
}

export const startTlsOffer: Extension = {
  capability: ['STARTTLS', 'LOGINDISABLED'],
  rfc: 'RFC 9051 §6.2.1',
  what: 'On the port in clear: TLS first, then a login.',
  when: ({ connection, state }) => state === 'notAuthenticated' && !connection.secure,
}

export const saslMechanisms = (mechanisms: readonly { readonly name: string }[]): Extension => ({
  capability: [...mechanisms.map(({ name }) => `AUTH=${name}`), 'SASL-IR'],
  rfc: 'RFC 4959',
  what: 'Ways to log in with AUTHENTICATE, and its first message beside it.',
  when: ({ connection, state }) => state === 'notAuthenticated' && connection.secure,
})
