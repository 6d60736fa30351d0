// One message in \Sent, though both the submission and the client file it (contract E3, docs/decisions/sent-merge.md). A mutation
// that puts a message there asks for its twin. Where there's a candidate that has not been compared, the mutation is undone,
// the two messages are read and compared outside of any transaction, and it runs again. What was filed first stays, since
// the bytes of an entry never change; flags come together. Only where one of the two is encrypted, and the other isn't, that one stays:
// of it the plain text's identity is kept, since nothing here can read it.

import type { FileBlobs } from '../blobs/file-blobs.js'
import { keywordSetShift, systemFlagMask } from '../messages/entries.js'
import { type IdentifiedText, isOfIdentity } from '../messages/message-identity.js'
import type { PreparedMessage } from '../messages/prepare.js'
import { BodyDigest, headerIdentity } from '../messages/same-message.js'
import type { Flags, UidSet } from '../model.js'
import { StoreRefusal } from '../refusals.js'
import type { Connection } from './connection.js'
import { expunge, setFlags } from './messages.js'
import type { MailboxRow } from './remembered-rows.js'
import { isSent, type SentCandidate, sentCandidates } from './sent-candidates.js'
import type { Transaction } from './transaction.js'
import type { Writer } from './writer.js'

interface Pair {
  readonly message: PreparedMessage
  readonly candidate: SentCandidate
  /** Where `message` is encrypted: that of its plain text. */
  readonly identity: Uint8Array | undefined
}

/** Nothing was done: these have to be compared first. */
class NotCompared extends Error {
  readonly pairs: readonly Pair[]
  constructor(pairs: readonly Pair[]) {
    super('not compared yet')
    this.pairs = pairs
  }
}

export interface TwinParts {
  readonly db: Connection
  readonly writer: Writer
  readonly blobs: FileBlobs
}

/** A flushed mutation that may merge. */
export async function writeMerging<Result>(
  parts: TwinParts,
  run: (tx: Transaction, twins: SentTwins) => Result,
): Promise<Result> {
  const twins = new SentTwins()
  for (;;) {
    try {
      return await parts.writer.submit({ flush: true, run: (tx) => run(tx, twins) })
    } catch (error) {
      if (!(error instanceof NotCompared)) throw error
      for (const pair of error.pairs) await twins.compare(pair, parts)
    }
  }
}

/** Which candidates are the same message as one that is on its way. */
export class SentTwins {
  #compared: Map<PreparedMessage, Map<number, boolean>> | undefined

  /** For each message the entry that it merges with. A submission's merges with a client's copy, a client's with a submission's. */
  find(
    tx: Transaction,
    box: MailboxRow,
    {
      messages,
      submitted,
      identity,
    }: { messages: readonly PreparedMessage[]; submitted: boolean; identity?: Uint8Array | undefined },
  ): (SentCandidate | undefined)[] {
    if (!isSent(box)) return []
    const open: Pair[] = []
    const found = messages.map((message) => {
      const known = this.#compared?.get(message)
      for (const candidate of sentCandidates(tx, box, { message, submitted: !submitted })) {
        const isSame = known?.get(candidate.uid)
        if (isSame) return candidate
        if (isSame === false) continue
        open.push({ message, candidate, identity })
        return undefined
      }
      return undefined
    })
    if (open.length > 0) throw new NotCompared(open)
    return found
  }

  async compare(pair: Pair, { db, blobs }: Pick<TwinParts, 'db' | 'blobs'>): Promise<void> {
    const { message, candidate } = pair
    this.#compared ??= new Map()
    const known = this.#compared.get(message) ?? new Map<number, boolean>()
    this.#compared.set(message, known)
    known.set(candidate.uid, await isSame(pair, { db, blobs }))
  }
}

/** Flags of both; the entry's modseq moves only where that changes something. Returns the entry's uid. */
export function mergeInto(
  tx: Transaction,
  box: MailboxRow,
  { twin, flags }: { twin: SentCandidate; flags: Flags },
): number {
  const { account, id: mailbox } = box
  setFlags(tx, { account, mailbox, uids: [[twin.uid, twin.uid]], store: { how: 'add', flags } })
  return twin.uid
}

/** A client's own copy goes, for the encrypted one that takes its place; the flags of both. */
export function withdraw(
  tx: Transaction,
  box: MailboxRow,
  { twin, flags }: { twin: SentCandidate; flags: Flags },
): Flags {
  const { account, id: mailbox } = box
  const uids: UidSet = [[twin.uid, twin.uid]]
  const [found] = tx.chunks
    .covering(mailbox, uids)
    .map(({ entries }) => entries.flags[entries.find(twin.uid)] as number)
  const packed = found ?? 0
  expunge(tx, { account, mailbox, uids, always: true })
  const keywords = tx.keywords.names(account, packed >>> keywordSetShift)
  return {
    system: (packed & systemFlagMask) | flags.system,
    keywords: [...keywords, ...flags.keywords],
  }
}

interface Stored {
  readonly size: number
  readonly bodyStart: number
  readonly file: number
  readonly hash: Uint8Array
  readonly header: Uint8Array
  readonly body: Uint8Array
}

async function isSame(pair: Pair, { db, blobs }: Pick<TwinParts, 'db' | 'blobs'>): Promise<boolean> {
  const { message, candidate, identity } = pair
  const stored = db.get<Stored>(
    'SELECT size, body_start AS bodyStart, file, hash, header, body FROM message WHERE id = ?',
    candidate.message,
  )
  if (stored === undefined) return false
  const coming = {
    ...{ ...message, file: message.file ? 1 : 0 },
    ...{ header: message.raw.subarray(0, message.bodyStart), body: message.raw.subarray(message.bodyStart) },
  }
  try {
    if (candidate.identity !== null) return await isOfIdentity(textOf(coming, blobs), candidate.identity)
    if (identity !== undefined) return await isOfIdentity(textOf(stored, blobs), identity)
    const own = headerIdentity(stored.header)
    if (own === undefined || own !== headerIdentity(coming.header)) return false
    const [one, other] = [await bodyDigest(stored, blobs), await bodyDigest(coming, blobs)]
    return one.equals(other)
  } catch (error) {
    // A file that can't be read: there's nothing to merge with.
    if (error instanceof StoreRefusal) return false
    throw error
  }
}

const textOf = (stored: Stored, blobs: FileBlobs): IdentifiedText => ({
  header: stored.header,
  body: () => bodyOf(stored, blobs),
})

async function bodyDigest(stored: Stored, blobs: FileBlobs): Promise<Buffer> {
  const digest = new BodyDigest()
  for await (const piece of bodyOf(stored, blobs)) digest.add(piece)
  return digest.end()
}

/** That of a large message is read a piece at a time. */
async function* bodyOf({ size, bodyStart, file, hash, body }: Stored, blobs: FileBlobs): AsyncGenerator<Uint8Array> {
  if (file === 0) yield body
  else yield* blobs.content(hash, size).stream({ start: bodyStart, end: size })
}
