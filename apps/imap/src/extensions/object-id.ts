// RFC 8474: ids that stay with a mailbox, a message's content and a thread. MAILBOXID stands in SELECT and CREATE.

import type { Extension, FetchItem, StatusItem } from '../extension.js'
import { storeKey } from './store-key.js'

const emailId: FetchItem = {
  name: 'EMAILID',
  needs: { ids: true },
  write: ({ row }, w) =>
    void w
      .raw('EMAILID (')
      .raw(row?.emailId ?? '')
      .raw(')'),
}
const threadId: FetchItem = {
  name: 'THREADID',
  needs: { ids: true },
  write: ({ row }, w) =>
    void w
      .raw('THREADID (')
      .raw(row?.threadId ?? '')
      .raw(')'),
}
const mailboxId: StatusItem = {
  name: 'MAILBOXID',
  write: ({ objectId }, w) => void w.raw('(').raw(objectId).raw(')'),
}

export const objectId: Extension = {
  capability: 'OBJECTID',
  rfc: 'RFC 8474',
  what: 'Ids of mailboxes, messages and threads that outlive renames and moves.',
  fetchItems: [emailId, threadId],
  statusItems: [mailboxId],
  searchKeys: [
    storeKey('EMAILID', (p) => ({ kind: 'emailId', id: p.atom() })),
    storeKey('THREADID', (p) => ({ kind: 'threadId', id: p.atom() })),
  ],
}
