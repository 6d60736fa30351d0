// THREAD and UID THREAD. RFC 5256 §3: the messages that a search finds, as trees. The algorithms are in ../thread.
//
//   thread = "THREAD" SP thread-alg SP search-criteria

import { named, type SearchKey, searchCriteria } from '@postern/imap-wire'
import { fold, uidSetOf } from '@postern/mailbox-store'
import { command } from '../command.js'
import type { Extension, StoreKey } from '../extension.js'
import { storeQuery } from '../search-query.js'
import type { Session } from '../session.js'
import type { Targets } from '../targets.js'
import { orderedSubject } from '../thread/ordered-subject.js'
import { references } from '../thread/references.js'
import { type Threadable, type Threading, writeThreads } from '../thread/threads.js'

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
    const { messages, numbers } = await threadable(session, targets, uid ? targets.uids : targets.numbers)
    const { out } = session
    out.untagged().raw('THREAD')
    if (messages.length > 0) writeThreads(out.sp(), threading(messages), numbers)
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

/** A message that was purged meanwhile has no row and is in no thread. */
async function threadable(session: Session, targets: Targets, shown: ArrayLike<number>) {
  const numbers: number[] = []
  const dates: number[] = []
  const subjects: string[] = []
  const isReply: boolean[] = []
  const refs: Float64Array[] = []
  let at = 0
  for await (const rows of session.mailbox.view.open.rows(targets.messages, { sort: true, refs: true }))
    for (const { message, sort, refs: own } of rows) {
      while (targets.messages[at] !== message) at++
      numbers.push(shown[at] as number)
      dates.push(sort.date ?? (targets.internalDates[at] as number) * 1000)
      subjects.push(fold(sort.subject))
      isReply.push(sort.isReplyOrForward)
      refs.push(own)
      at++
    }
  const length = numbers.length
  const messages: Threadable = { length, dates: Float64Array.from(dates), subjects, isReply, refs }
  return { messages, numbers }
}

export const thread: Extension = {
  capability: ['THREAD=ORDEREDSUBJECT', 'THREAD=REFERENCES'],
  rfc: 'RFC 5256',
  commands: [command_],
}
