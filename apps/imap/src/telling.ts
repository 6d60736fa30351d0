// What the client is told of its mailbox: messages that went, came, or have other flags. The view says what there is to
// tell and notes that it's told; here it's written. RFC 9051 §7.4.1 (EXISTS), §7.5.1 (EXPUNGE), §7.5.2 (FETCH), RFC 7162.

import type { Writer } from '@postern/imap-wire'
import { type UidSet, uidSetOf } from '@postern/mailbox-store'
import type { Out } from './out.js'
import type { View } from './view.js'

export interface Telling {
  /** EXPUNGE may be told now. */
  readonly expunges: boolean
  /** As VANISHED, by uid (RFC 7162 §3.2.10). */
  readonly vanished?: boolean
  /** Flags are told with MODSEQ (RFC 7162 §3.1), with UID besides. */
  readonly modSeq: boolean
  readonly uid: boolean
}

/** The way out, as far as telling needs it: it waits for a slow client where there's much to tell. */
type Breathing = Writer & Pick<Out, 'isFull' | 'breathe'>

/**
 * Tells the client what it may hear now. Where it waits in between, others may move the index on: numbers stay the client's,
 * since what goes meanwhile is counted until it's told in its turn.
 */
export async function tell(
  view: View,
  out: Breathing,
  { expunges, vanished = false, modSeq, uid }: Telling,
): Promise<void> {
  if (expunges) await tellGone(view, out, vanished)
  const count = view.takeNew()
  if (count !== undefined) out.untagged().number(count).raw(' EXISTS').crlf()
  for (const changed of view.takeChanged()) {
    writeFlags(view, out, { of: changed, modSeq, uid })
    if (out.isFull) await out.breathe()
  }
  // RFC 7162 §3.2: a client that sees higher modseqs must not take a mailbox for told whose expunges wait.
  if (vanished && view.hasGone) writeHighestModSeq(out, view)
}

/** Numbers go down as each is told (RFC 9051 §7.5.1). */
async function tellGone(view: View, out: Breathing, vanished: boolean): Promise<void> {
  const gone = view.takeGone()
  if (vanished) writeVanished(out, uidSetOf(gone))
  else
    for (const uid of gone) {
      out.untagged().number(view.numberOf(uid)).raw(' EXPUNGE').crlf()
      if (out.isFull) await out.breathe()
    }
}

export function writeHighestModSeq(out: Writer, view: View): void {
  out.status('*', {
    kind: 'OK',
    code: { name: 'HIGHESTMODSEQ', value: view.modSeq },
    text: 'All before is told',
  })
}

/** `* 5 FETCH (FLAGS (…))` of a message that is there. */
export function writeFlags(
  view: View,
  out: Writer,
  { of, modSeq, uid }: Pick<Telling, 'modSeq' | 'uid'> & { of: number },
): void {
  const { entries } = view.index
  const at = entries.find(of)
  if (at < 0) return
  out.untagged().number(view.numberOf(of)).raw(' FETCH (')
  if (uid || modSeq) out.raw('UID ').number(of).sp()
  const { system, keywords } = view.open.flagsOf(view.recents.flagsOf(of, entries.flags[at] as number))
  out.raw('FLAGS ').flags(system, keywords)
  if (modSeq)
    out
      .raw(' MODSEQ (')
      .number(entries.modSeqs[at] as number)
      .raw(')')
  out.raw(')').crlf()
}

/** Some clients read no line of a million bytes. */
const rangesPerLine = 10_000

/** `* VANISHED 3:5,7`. RFC 7162 §3.2.10; EARLIER for what was gone before the client asked. */
export function writeVanished(out: Writer, uids: UidSet, { earlier = false } = {}): void {
  for (let at = 0; at < uids.length; at += rangesPerLine)
    out
      .untagged()
      .raw(earlier ? 'VANISHED (EARLIER) ' : 'VANISHED ')
      .set(uids.slice(at, at + rangesPerLine))
      .crlf()
}
