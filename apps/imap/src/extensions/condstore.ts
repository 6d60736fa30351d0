// RFC 7162, the CONDSTORE part: every message and mailbox has a modseq. CHANGEDSINCE stands in FETCH, UNCHANGEDSINCE in STORE.

import { searchModsequence } from '@postern/imap-wire'
import type { Extension, FetchItem, StatusItem } from '../extension.js'

const modSeq: FetchItem = {
  name: 'MODSEQ',
  write({ session, modSeq: value }, w) {
    session.condstore = true
    w.raw('MODSEQ (').number(value).raw(')')
  },
}
const highest: StatusItem = {
  name: 'HIGHESTMODSEQ',
  write: ({ status }, w) => void w.number(status.highestModSeq),
}

export const condstore: Extension = {
  capability: 'CONDSTORE',
  rfc: 'RFC 7162',
  what: 'Messages and mailboxes have a modseq; FETCH asks what changed since, STORE leaves alone what others changed.',
  fetchItems: [modSeq],
  statusItems: [highest],
  searchKeys: [['MODSEQ', (p) => ({ kind: 'store', query: { kind: 'modSeq', min: searchModsequence(p) } })]],
  enable(session) {
    session.condstore = true
  },
}
