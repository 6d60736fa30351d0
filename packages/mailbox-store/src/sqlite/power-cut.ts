// What a power cut may take back are commits that were not flushed yet: flags, and changes whose callers were still
// waiting. A client may have seen their uids and modseqs. So that none is ever given out again with another meaning,
// every counter takes a step ahead when the machine has been restarted since the store was last opened; a crash of the
// process alone loses nothing and takes no step. The same holds for a store that is opened on a backup.

import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { messageIdMax, uidMax } from '../model.js'
import type { Connection } from './connection.js'
import { keepNextMessageId, nextMessageId } from './message-ids.js'

/** More than a store commits in the second that a flush may take at the worst. */
const step = 100_000

/** Linux names each boot; elsewhere the moment of the boot, to the minute, does. */
export function thisBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return String(Math.round((Date.now() / 1000 - uptime()) / 60))
  }
}

export function noticePowerCut(db: Connection, boot: string): void {
  db.raw
    .transaction(() => {
      const last = db.get<{ value: string }>("SELECT value FROM meta WHERE key = 'boot'")?.value
      if (last === boot) return
      if (last !== undefined) stepAhead(db)
      db.run("INSERT OR REPLACE INTO meta VALUES ('boot', ?)", boot)
    })
    .immediate()
}

function stepAhead(db: Connection): void {
  db.run(
    'UPDATE uid_space SET mod_seq = mod_seq + ?, uid_next = min(uid_next + ?, max(uid_next, ?))',
    step,
    step / 100,
    uidMax - step,
  )
  // A mailbox tells of no UIDNEXT and no HIGHESTMODSEQ below those it has told.
  db.run('UPDATE mailbox SET (uid_next, mod_seq) = (SELECT uid_next, mod_seq FROM uid_space WHERE id = mailbox.space)')
  // The search index may know messages that were lost: theirs are the numbers in it.
  const next = nextMessageId(db)
  keepNextMessageId(db, Math.min(next + step, Math.max(next, messageIdMax - step)))
}
