// The process that is killed: works on a store as hard as it can and tells each intention before and each
// acknowledgement after, one JSON line each, written synchronously so that what was told is known to the parent.

import { writeSync } from 'node:fs'
import { openStore } from '@postern/mailbox-store'
import { keyed } from './keyed.mjs'

const [folder, round] = process.argv.slice(2)
const store = await openStore({ folder })
const found = await store.directory.findAddress('alice@example.test')
const alice = store.account(found.inbox.id)
const inbox = (await alice.mailbox('INBOX')).id
const archive = (await alice.mailbox('Archive')).id
const tell = (line) => writeSync(1, `${JSON.stringify(line)}\n`)

let state = (Number(round) * 2654435761) >>> 0
const random = (n) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state % n
}

/** Uids that this process appended and nobody else touches, by caller. */
async function work(caller) {
  const own = []
  for (let i = 0; ; i++) {
    const key = `r${round}c${caller}n${i}`
    const choice = own.length === 0 ? 0 : random(10)
    if (choice < 5) {
      const size = random(20) === 0 ? 80_000 : 200 + random(3_000)
      tell({ does: 'append', key, size })
      const { uids, uidValidity, modSeq } = await alice.append(inbox, [{ message: keyed(key, size) }])
      tell({ did: 'append', key, uid: uids[0], uidValidity, modSeq })
      own.push({ uid: uids[0], key })
      continue
    }
    const { uid, key: of } = own[random(own.length)]
    const uids = [[uid, uid]]
    if (choice < 7) {
      tell({ does: 'flag', key: of, keyword: key })
      const { modSeq } = await alice.setFlags(inbox, uids, {
        how: 'replace',
        flags: { system: 1, keywords: [key.slice(0, 20)] },
      })
      tell({ did: 'flag', key: of, keyword: key.slice(0, 20), modSeq })
    } else if (choice < 8) {
      tell({ does: 'copy', key: of })
      const { to, uidValidity } = await alice.copy(inbox, uids, archive)
      tell({ did: 'copy', key: of, uid: to[0], uidValidity })
    } else {
      const at = own.findIndex((one) => one.uid === uid)
      own.splice(at, 1)
      tell({ does: 'expunge', key: of })
      const { modSeq } = await alice.remove(inbox, uids)
      tell({ did: 'expunge', key: of, uid, modSeq })
    }
  }
}

tell({ ready: true })
await Promise.all(Array.from({ length: 8 }, (_, caller) => work(caller)))
