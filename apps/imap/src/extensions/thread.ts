// THREAD and UID THREAD. RFC 5256 §3: the messages that a search finds, as trees. The algorithms are in ../thread.
//
//   thread = "THREAD" SP thread-alg SP search-criteria

import { named, type SearchKey, searchCriteria } from '@postern/imap-wire'
import { uidSetOf } from '@postern/mailbox-store'
import { command } from '../command.js'
import type { Extension, StoreKey } from '../extension.js'
import { storeQuery } from '../search-query.js'
import type { Session } from '../session.js'
import type { Targets } from '../targets.js'
import { threadable } from '../thread/columns.js'
import { orderedSubject } from '../thread/ordered-subject.js'
import { references } from '../thread/references.js'
import { type Threading, writeThreads } from '../thread/threads.js'

const algorithms: ReadonlyMap<string, Threading> = new Map([
  ['ORDEREDSUBJECT', orderedSubject],
  ['REFERENCES', references],
])

const command_ = command('THREAD', {
  in: ['selected'],
  uid: true,
  holdsNumbers: true,
  parse(p, session) {
    p.sp()
    const threading = named(p, { what: 'threading algorithm', names: algorithms })
    p.sp()
    return { threading, key: searchCriteria(p, session.context.registry.searchRules).key }
  },
  async run(session, { threading, key }, { uid }) {
    const targets = await found(session, key)
    const { messages, places } = await threadable(session.mailbox.view.open, targets)
    const shown = uid ? targets.uids : targets.numbers
    const { out } = session
    out.untagged().raw('THREAD')
    if (messages.length > 0)
      writeThreads(
        out.sp(),
        threading(messages),
        places.map((at) => shown[at] as number),
      )
    out.crlf()
    return { text: 'Threaded' }
  },
})

async function found(session: Session, key: SearchKey<StoreKey>): Promise<Targets> {
  const { view } = session.mailbox
  const uids = await view.open.search(storeQuery(session, key))
  await view.hear()
  return view.targets(uidSetOf(uids), { uid: true })
}

export const thread: Extension = {
  capability: ['THREAD=ORDEREDSUBJECT', 'THREAD=REFERENCES'],
  rfc: 'RFC 5256',
  commands: [command_],
}
