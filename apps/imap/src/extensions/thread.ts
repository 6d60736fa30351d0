// THREAD and UID THREAD. RFC 5256 §3: the messages that a search finds, as trees. The algorithms are in ../thread.
//
//   thread = "THREAD" SP thread-alg SP search-criteria

import { named, searchCriteria } from '@postern/imap-wire'
import { command } from '../command.js'
import type { Extension } from '../extension.js'
import { numbersOf, told } from '../search-numbers.js'
import { storeQuery } from '../search-query.js'
import { orderedSubject } from '../thread/ordered-subject.js'
import { references } from '../thread/references.js'
import { type ThreadAlgorithm, threadLists } from '../thread/threads.js'
import { whileHere } from '../while-here.js'

const algorithms: ReadonlyMap<string, ThreadAlgorithm> = new Map([
  ['ORDEREDSUBJECT', orderedSubject],
  ['REFERENCES', references],
])

const command_ = command('THREAD', {
  in: ['selected'],
  uid: true,
  holdsNumbers: true,
  parse(p, session) {
    p.sp()
    const algorithm = named(p, { what: 'threading algorithm', names: algorithms })
    p.sp()
    return { algorithm, key: searchCriteria(p, session.context.registry.searchRules).key }
  },
  async run(session, { algorithm, key }, { uid }) {
    const { view } = session.mailbox
    const query = storeQuery(session, key)
    const { uids, threading } = await whileHere(session, {
      says: 'Still searching',
      async work(signal) {
        const uids = told(view, await view.open.search(query, { signal }))
        return { uids, threading: await view.open.threading(uids, { signal }) }
      },
    })
    const threads = algorithm(threading)
    const numbers = uid ? uids : numbersOf(view, uids, { inOrder: true })
    const { out } = session
    out.untagged().raw('THREAD')
    if (uids.length > 0) {
      out.sp()
      for (const bytes of threadLists(threads, numbers)) {
        out.bytes(bytes)
        await out.breathe()
      }
    }
    out.crlf()
    return { text: 'Threaded' }
  },
})

export const thread: Extension = {
  capability: ['THREAD=ORDEREDSUBJECT', 'THREAD=REFERENCES'],
  rfc: 'RFC 5256',
  what: 'What a search finds, as trees of replies.',
  commands: [command_],
}
